// The machine behind a virtual BMC: what the BMC switches. The lab puts a QEMU process behind it, tests an object.

export type BootDevice = 'none' | 'pxe' | 'disk'

export interface MachinePort {
  readonly isOn: () => boolean
  /** Boots from `device` this once; `none`: in the firmware's own order. */
  readonly turnOn: (device: BootDevice) => void
  readonly turnOff: () => void
}
