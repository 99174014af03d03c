// Limits of what travels on wires, with their units. A frame above its limit closes the connection
// before anything of that size was allocated.

export const FRAME_LIMITS = Object.freeze({
  /** Before the other side has shown a valid certificate: a hello or an enrolment fits many times. */
  strangerBytesMax: 64 << 10,
  /** Region to region: AppendEntries of 1 MiB, coalesced with what else waits. */
  peerBytesMax: 16 << 20,
  /** Rack to region: commands of single packets. */
  rackBytesMax: 1 << 20,
  /** Region to rack: a whole view comes as one message. */
  viewBytesMax: 64 << 20,
  /** Bytes of waiting messages that go into one frame; one larger message makes its own frame. */
  coalesceBytesMax: 1 << 20,
  /** Containers inside containers; our own messages need eight. */
  depthMax: 32,
})
