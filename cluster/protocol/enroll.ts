// How a rack without a certificate gets one: it shows the secret of its token and a PKCS#10 request.

export type EnrollRequest = {
  readonly secret: string
  /** PEM of a PKCS#10 request made by the rack; its key never leaves the rack. */
  readonly certificateRequestPem: string
  readonly rackId: string
  readonly hostname: string
}

export type EnrollReply =
  | {
      readonly ok: true
      readonly certificatePem: string
      readonly caPem: string
      readonly clusterId: string
    }
  | { readonly ok: false; readonly message: string }

/** A member whose certificate nears its end asks for the next one, over a connection made with this one. */
export type RenewRequest = {
  /** PEM of a PKCS#10 request for a new key. Who it is for says the certificate shown, nothing else. */
  readonly certificateRequestPem: string
}

/** PEM texts of one member of the cluster. */
export type Credentials = {
  readonly clusterId: string
  readonly nodeId: string
  readonly incarnation: number
  readonly caPem: string
  readonly certificatePem: string
  readonly keyPem: string
}
