// Which image a machine gets, by the rows there are.
import t from 'tap'
import type { BootFileKind } from '#model/boot.ts'
import { deployableNames, ephemeralFor, imageFor } from '#state/boot-image.ts'
import { addMachine, bring, DEPLOY, makeRoom, newImage } from '#test/support/life-cycle.ts'
import { MACHINE_STATUS as S } from '#model/machine.ts'
import type { Lab } from '#test/support/region-state.ts'

function put(lab: Lab, name: string, architecture: string, kinds: readonly BootFileKind[]): void {
  const files = kinds.map((kind, at) => ({
    ...{ kind, filename: kind, sha256: String(at).repeat(64), sizeBytes: 9 },
  }))
  lab.ok({ type: 'bootResource.put', name, architecture, title: name, files })
}

t.test('the release and the architecture decide, and the kernel of the machine', async (t) => {
  const lab = makeRoom()
  put(lab, 'ubuntu/jammy', 'amd64/ga-22.04', ['squashfs'])
  put(lab, 'ubuntu/jammy', 'amd64/hwe-22.04', ['squashfs'])
  put(lab, 'ubuntu/jammy', 'arm64/generic', ['squashfs'])
  const chosen = (architecture: string) =>
    imageFor(lab.state, 'ubuntu', 'jammy', architecture)?.resource.architecture
  t.equal(chosen('amd64/ga-22.04'), 'amd64/ga-22.04')
  t.equal(chosen('amd64/generic'), 'amd64/hwe-22.04')
  t.equal(chosen('arm64/xgene'), 'arm64/generic')
  t.equal(chosen('riscv64/generic'), undefined)
  t.equal(imageFor(lab.state, 'ubuntu', 'noble', 'amd64/generic'), undefined)
})

t.test('an archive goes before a disk, and what has no root is no image', async (t) => {
  const lab = makeRoom()
  put(lab, 'custom/both', 'amd64/generic', ['root-dd.gz', 'root-tgz'])
  put(lab, 'enlist/agent', 'amd64/generic', ['boot-kernel', 'boot-initrd'])
  const { root, kernel } = imageFor(lab.state, 'custom', 'both', 'amd64/generic') ?? {}
  t.equal(root?.kind, 'root-tgz')
  t.equal(kernel, undefined)
  t.equal(imageFor(lab.state, 'enlist', 'agent', 'amd64/generic'), undefined)
  t.strictSame(deployableNames(lab.state), ['custom/both', 'debian/bookworm'])
})

t.test('what runs from memory: by the settings, else Debian, else the first', async (t) => {
  const whole = ['boot-kernel', 'boot-initrd', 'squashfs'] as const
  const lab = makeRoom()
  const chosen = () => ephemeralFor(lab.state, 'amd64/generic')?.resource.name
  put(lab, 'alpine/edge', 'amd64/generic', whole)
  t.equal(chosen(), 'debian/bookworm', 'the settings name one that is not there')
  put(lab, 'ubuntu/jammy', 'amd64/generic', ['squashfs'])
  t.equal(chosen(), 'debian/bookworm', 'the settings name one without a kernel')
  put(lab, 'ubuntu/jammy', 'amd64/generic', whole)
  t.equal(chosen(), 'ubuntu/jammy')
  lab.ok({ type: 'config.put', name: 'commissioning_osystem', value: 'none' })
  const debian = lab.state.bootResourcesByName.first('debian/bookworm amd64/generic')
  lab.ok({ type: 'bootResource.delete', id: debian?.id as never })
  t.equal(chosen(), 'alpine/edge')
  t.equal(ephemeralFor(lab.state, 'arm64/generic'), undefined)
})

t.test('deploying what has no image is refused and names what there is', async (t) => {
  const lab = makeRoom()
  const systemId = addMachine(lab, 1)
  bring(lab, systemId, S.ALLOCATED)
  const options = { ...DEPLOY, distroSeries: 'sid' }
  const refusal = lab.refused({ type: 'machine.deploy', systemId, comment: '', options })
  t.strictSame(refusal.fields, {
    distro_series: [
      `'debian/sid' is not a valid distro_series.  It should be one of: '', 'debian/bookworm'.`,
    ],
  })
  t.equal(lab.state.machines.get(systemId)?.status, S.ALLOCATED)
  t.equal(lab.state.deployments.size, 0)
})

t.test('an image that is being installed is not deleted; afterwards it is', async (t) => {
  const lab = makeRoom()
  const systemId = addMachine(lab, 1)
  bring(lab, systemId, S.DEPLOYING)
  const { id } = lab.ok(newImage())
  t.equal(lab.refused({ type: 'bootResource.delete', id }).code, 'CONFLICT')
  lab.ok({ type: 'machine.booted', systemId })
  lab.ok({ type: 'bootResource.delete', id })
  t.notOk(lab.state.bootResources.has(id))
})
