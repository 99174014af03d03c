// How a region node joins: it shows the secret of its token, where it is reached, and a PKCS#10 request.
// The answer makes it a full region, which signs certificates too: it carries the key of the cluster's CA.

export type JoinRequest = {
  readonly secret: string
  /** PEM; the node's own key never leaves it. */
  readonly certificateRequestPem: string
  readonly nodeId: string
  readonly host: string
  readonly port: number
  readonly apiUrl: string
}

export type PeerAddress = {
  readonly id: string
  readonly host: string
  readonly port: number
  readonly apiUrl: string
}

export type JoinReply =
  | {
      readonly ok: true
      readonly certificatePem: string
      readonly caPem: string
      readonly caKeyPem: string
      readonly clusterId: string
      /** Everybody, the new node included. */
      readonly members: readonly PeerAddress[]
      readonly voters: readonly string[]
    }
  | {
      readonly ok: false
      /** Asking another region, or this one later, may help. */
      readonly retry: boolean
      readonly message: string
    }
