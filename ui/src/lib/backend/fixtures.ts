// Owns made-up states for looking at the page and for its tests. Never part of a shipped build.
import type {
  CameraMapping, CardDetail, CardTick, CardView, ClipDetail, ClipView, CopyView, DestinationView, Finding, PresetList, QueueEntry, Snapshot, Station, StationState,
  StationView, UploadView, VerificationView, VolumeView,
} from './contract'

export const STATIONS: readonly Station[] = ['mounted', 'recognised', 'copied', 'proven', 'described', 'uploaded', 'released']

/** `states` is one letter a station: d done, w working, . waiting, a attention, f failed, - not asked. */
export function stations(states: string, words = ''): StationView[] {
  const names: Record<string, StationState> = { d: 'done', w: 'working', '.': 'waiting', a: 'attention', f: 'failed', '-': 'not_asked' }
  return STATIONS.map((station, index) => {
    const letter = states[index] ?? '.'
    return { station, state: names[letter] ?? 'waiting', words: 'waf'.includes(letter) ? words : '' }
  })
}

const DAY = '2026-11-23T'

export function copy(id: string, label: string, more: Partial<CopyView> = {}): CopyView {
  return {
    id, label, path: `/mnt/${label.toLowerCase()}/nightfall/day-12/A003R1JL`, state: 'sealed', bytes_done: 812e9, bytes_total: 812e9,
    failed_files: 0, evidence: 'read_back_device', evidence_words: 'read back (device)', method: 'direct read, cache dropped, xxh64',
    proven_at: `${DAY}13:48:10Z`, device: `${label} · NVMe`, manifest: 'ascmhl/0001_A003R1JL.mhl', manifest_reread: true, ...more,
  }
}

export function card(id: string, reel: string, more: Partial<CardView> = {}): CardView {
  return {
    id, reel, family: 'ARRI ALEXA 35', confidence: 'container_metadata', camera_letter: reel[0] ?? null,
    facts: 'ALEXA 35 · ARRIRAW 4.6K 3:2 · 24', clips: 41, files: 44, size_bytes: 812e9, seen_at: `${DAY}13:20:00Z`, mounted: true,
    writable: false, stations: stations('dd.....'), copies: [], job: null, job_state: null,
    findings: { errors: 0, warnings: 0, notes: 0, overridden: 0 },
    verdict: { safe: false, policy: 'two device-verified copies', unmet: [{ code: 'verdict.copies', reason: '0 of 2 copies proven by read back (device)' }], overridden: [] },
    local_verdict: { safe: false, policy: 'two device-verified copies', unmet: [{ code: 'local.uploaded', reason: 'the cloud has not verified every object' }], overridden: [] },
    sign_offs: [],
    safe_since: null, ...more,
  }
}

export const destinations: DestinationView[] = [
  { id: 'ssd7', label: 'SSD-7', path: '/mnt/ssd-7/nightfall', present: true, free_bytes: 3.12e12, device: 'SSD-7 · NVMe', write_bps: 1.4e9, in_preset: true, ticked: true },
  { id: 'raid2', label: 'RAID-2', path: '/mnt/raid-2/nightfall', present: true, free_bytes: 41.8e12, device: 'RAID-2 · USB', write_bps: 240e6, in_preset: true, ticked: true },
  { id: 'lto', label: 'SHUTTLE-1', path: '/mnt/shuttle-1', present: false, free_bytes: null, device: null, write_bps: null, in_preset: false, ticked: false },
]

const volumes: VolumeView[] = [
  { id: 'v1', mount_point: '/media/A003R1JL', label: 'A003R1JL', file_system: 'exfat', role: 'card', device: 'Card reader', bus: 'usb', link_speed_mbps: 480, link_words: 'USB 2, 480 Mbit/s', link_best_mbps: 5000, slow_link: 'a USB 3 device on a USB 2 link: 480 Mbit/s instead of 5 Gbit/s; try a port and a cable marked for USB 3, without a hub', read_only: true, total_bytes: 960e9, free_bytes: 148e9 },
  { id: 'v2', mount_point: '/mnt/ssd-7', label: 'SSD-7', file_system: 'ext4', role: 'storage', device: 'SSD-7 · NVMe', bus: 'nvme', read_only: false, total_bytes: 8e12, free_bytes: 3.12e12 },
  { id: 'v3', mount_point: '/mnt/raid-2', label: 'RAID-2', file_system: 'xfs', role: 'storage', device: 'RAID-2 · USB', bus: 'usb', link_speed_mbps: 10000, read_only: false, total_bytes: 96e12, free_bytes: 41.8e12 },
]

function upload(more: Partial<UploadView> = {}): UploadView {
  return {
    id: 'u1', url: 'https://cloud.nightfall.example', state: 'sending', bytes_done: 96e9, bytes_total: 411e9, parts_done: 5722,
    cloud_words: '', objects_verified: 0, objects_total: 38, results: [], ...more,
  }
}

export const verifications: VerificationView[] = [
  { id: 'ver1', path: '/media/SHUTTLE-4/day-11', state: 'differences', bytes_done: 2.1e12, bytes_total: 2.1e12, manifests: ['A001R0BB/ascmhl/0002_A001R0BB.mhl', 'B001R0BB/ascmhl/0001_B001R0BB.mhl'], checked: 118, missing: ['A001R0BB/A001C014_261122_R0BB.mxf'], extra: ['.fseventsd/0000000000a1', 'notes.txt'], mismatched: ['B001R0BB/B001C003_261122_R0BB.mxf'], unreadable: [], renamed: ['A001R0BB/Audio/Zürich.wav is A001R0BB/Audio/Zu\u0308rich.wav: other Unicode form of the same name, content verified'], damaged: [], notes: ['Generation 1 of A001R0BB names a tool version that is not known here.'], evidence_words: 'read back (device)' },
  { id: 'ver2', path: '/media/ARCHIVE-2/reel-04', state: 'whole', bytes_done: 640e9, bytes_total: 640e9, manifests: ['reel-04.mhl'], checked: 2412, missing: [], extra: [], mismatched: [], unreadable: [], renamed: [], damaged: [], notes: [], evidence_words: 'read back (system)' },
]

export function snapshot(more: Partial<Snapshot> = {}): Snapshot {
  return {
    rev: 1, version: '0.1.0', project: 'NIGHTFALL · Day 12 · MU', volumes, destinations, cards: [], verifications: [], queue: [],
    preset: { name: 'standard', automatic: true, names_destinations: false, hashes: ['xxh64'], verify: 'device', source_reread: true, previews: true, upload: true },
    cloud: { url: 'https://cloud.nightfall.example', online: true, words: 'online' },
    decoder: 'ffmpeg version 5.1.8-0+deb12u1', ...more,
  }
}

export const queue: QueueEntry[] = [
  { job: 'j1', card: 'a003', reel: 'A003R1JL', state: 'running', priority: 0, here: true, words: '' },
  { job: 'j5', card: 'd001', reel: 'D001R1PQ', state: 'waiting', priority: 0, here: true, words: 'waits for RAID-2: A003R1JL is being offloaded' },
  { job: 'j6', card: 'd002', reel: 'D002R1PQ', state: 'waiting', priority: 0, here: false, words: 'waits for RAID-2: A003R1JL is being offloaded' },
]

const plain = { own: false, shipped: true, values: {}, hashes: ['xxh64'], verify: 'device', source_reread: true, previews: true, upload: false, policy: '', priority: 0, destinations: [] }
export const presets: PresetList = {
  used: 'netflix-like',
  presets: [
    { ...plain, name: 'netflix-like', about: 'Date_Episode_Day_Unit / Camera_Media / camera format / roll', folder: '{date}[_{episode}][_{block}]_Day{day:2}_{unit}/{media_type}/[{camera_format}/]{roll}', values: { day: '12', unit: 'MU' }, hashes: ['xxh64', 'md5'], policy: 'netflix-like', own: true,
      destinations: [{ label: 'SSD-7', volume: '', folder: 'nightfall', level: 1, optional: false }, { label: 'RAID-2', volume: '', folder: 'nightfall', level: 2, optional: true }] },
    { ...plain, name: 'standard', about: 'A roll folder per card at each destination', folder: '{roll}' },
  ],
  tokens: [
    { name: 'date', words: 'Shooting date as YYYYMMDD', example: '20261123' }, { name: 'episode', words: 'Episode, e.g. EP103', example: 'EP103' },
    { name: 'block', words: 'Block, e.g. Block02', example: 'Block02' }, { name: 'day', words: 'Shooting day', example: '5' },
    { name: 'unit', words: 'Unit, e.g. MU, SU, SP', example: 'MU' }, { name: 'roll', words: 'Roll: the reel of the card', example: 'A003R1JL' },
    { name: 'media_type', words: 'Camera_Media or Sound_Media', example: 'Camera_Media' }, { name: 'camera_format', words: 'Camera, codec and picture size of most clips', example: 'ALEXA35_ProRes4444_4608x3164' },
  ],
  policies: ['default', 'indie', 'netflix-like'],
}

const safeVerdict = { safe: true, policy: 'two device-verified copies', unmet: [], overridden: [] }

export function busyCards(): CardView[] {
  return [
    card('a003', 'A003R1JL', {
      stations: stations('ddwww..', 'copy 2 of 2'), job: 'j1', job_state: 'running',
      copies: [
        copy('c1', 'SSD-7'),
        copy('c2', 'RAID-2', { state: 'reading_back', bytes_done: 308e9, evidence: null, evidence_words: '', method: '', proven_at: null, manifest_reread: false }),
      ],
      upload: upload({ state: 'waiting', bytes_done: 0, parts_done: 0, bytes_total: 812e9 }),
      verdict: { safe: false, policy: 'two device-verified copies', overridden: [], unmet: [
        { code: 'verdict.copies', reason: '1 of 2 copies proven by read back (device)' },
        { code: 'verdict.source_reread', reason: 'the card has not been read a second time' },
      ] },
    }),
    card('b002', 'B002R1KD', {
      family: 'Sony VENICE 2', facts: 'VENICE 2 · X-OCN XT 8.6K 17:9 · 23.976', clips: 22, files: 71, size_bytes: 411e9,
      stations: stations('dddddw-', 'sending 96 of 411 GB'), job: 'j2', job_state: 'done', copies: [copy('c3', 'SSD-7', { bytes_done: 411e9, bytes_total: 411e9 }), copy('c4', 'RAID-2', { bytes_done: 411e9, bytes_total: 411e9 })],
      findings: { errors: 0, warnings: 1, notes: 2, overridden: 0 }, upload: upload(), verdict: safeVerdict, safe_since: `${DAY}14:02:00Z`,
    }),
    card('c001', 'C001R0QW', {
      family: 'RED V-RAPTOR', facts: 'V-RAPTOR · R3D HQ 8K 17:9 · 24', clips: 12, files: 15, size_bytes: 512e9, mounted: false,
      stations: stations('addf...', 'the card was pulled at 14:06'), job: 'j3', job_state: 'interrupted',
      copies: [
        copy('c5', 'SSD-7', { state: 'interrupted', bytes_done: 211e9, bytes_total: 512e9, evidence: null, evidence_words: '', manifest_reread: false, proven_at: null }),
        copy('c6', 'RAID-2', { state: 'interrupted', bytes_done: 198e9, bytes_total: 512e9, evidence: null, evidence_words: '', manifest_reread: false, proven_at: null }),
      ],
      findings: { errors: 1, warnings: 0, notes: 0, overridden: 0 },
      problem: { code: 'source_gone', summary: 'The card was pulled after 211 GB of 512 GB.', details: ['C001_C009_1123QW.RDC/C001_C009_1123QW_002.R3D: no such device'], hint: 'Do not format the card. Put it back in and press R: the job goes on where it stopped.', retry: 'later' },
      verdict: { safe: false, policy: 'two device-verified copies', overridden: [], unmet: [
        { code: 'verdict.copy_incomplete', reason: 'SSD-7: the copy is not complete' },
        { code: 'verdict.copy_incomplete', reason: 'RAID-2: the copy is not complete' },
        { code: 'verdict.copies', reason: '0 of 2 copies proven by read back (device)' },
        { code: 'verdict.devices', reason: 'proven copies lie on 0 physical device(s) other than the card\u2019s; the policy asks for 2' },
        { code: 'verdict.source_reread', reason: 'the card has not been read a second time' },
        { code: 'verdict.findings', reason: '1 finding(s) of severity error are open' },
      ] },
    }),
    card('s012', 'S012', {
      family: 'Sound Devices 888', camera_letter: 'S', facts: '888 · WAV 48 kHz 24 bit · 12 tracks', clips: 36, files: 38, size_bytes: 18.4e9,
      stations: stations('ddddd-d'), job: 'j4', job_state: 'done',
      copies: [copy('c7', 'SSD-7', { bytes_done: 18.4e9, bytes_total: 18.4e9 }), copy('c8', 'RAID-2', { bytes_done: 18.4e9, bytes_total: 18.4e9, evidence: 'read_back_device' }), copy('c8b', 'NAS', { bytes_done: 18.4e9, bytes_total: 18.4e9, evidence: 'read_back_share', evidence_words: 'read back (network share)' })],
      verdict: safeVerdict, safe_since: `${DAY}12:51:00Z`,
    }),
    card('d004', 'D004R2AB', {
      family: 'Blackmagic URSA Cine', facts: 'URSA Cine 12K · BRAW 8:1 · 25', clips: 8, files: 8, size_bytes: 164e9,
      stations: stations('dd.....'), findings: { errors: 0, warnings: 0, notes: 1, overridden: 0 },
    }),
  ]
}

export const busyTicks: CardTick[] = [
  {
    card: 'a003', words: 'copy 2 of 2 is read back', file: 'A003C019_261123_R1JL.mxf', card_free_secs: 168, eta_secs: 372,
    lanes: [
      { id: 'card', label: 'Reader USB4', phase: 'second read', bytes_done: 640e9, bytes_total: 812e9, bytes_per_sec: 1.02e9, eta_secs: 168, bottleneck: false },
      { id: 'c2', label: 'RAID-2', phase: 'reading back', bytes_done: 308e9, bytes_total: 812e9, bytes_per_sec: 240e6, eta_secs: 372, bottleneck: true },
    ],
  },
  {
    card: 'b002', words: 'sending 96 of 411 GB', file: 'B002C004_261123_1KD.mxf', card_free_secs: null, eta_secs: 12600,
    lanes: [{ id: 'upload', label: 'Cloud', phase: 'sending', bytes_done: 96e9, bytes_total: 411e9, bytes_per_sec: 25e6, eta_secs: 12600, bottleneck: false }],
  },
]

const findings: Finding[] = [
  { code: 'clip.not_finalised', severity: 'error', message: 'C001_C009 has no index: the camera lost power while it recorded.', hint: 'Copy it anyway; look at it on the camera before the card is formatted.', clip: 'C001_C009_1123QW', path: 'C001_1123QW.RDM/C001_C009_1123QW.RDC/C001_C009_1123QW_002.R3D', overridable: false },
  { code: 'roll.duplicate', severity: 'error', message: 'the project has a roll C001 already, on card C001 (MAG-4)', hint: 'A roll name is used once in a project. Copy this one under another roll name, and set the camera\u2019s reel counter.', overridable: true },
  { code: 'card.writable', severity: 'warning', message: 'The card is mounted so that the system can write to it.', hint: 'Use the write-protect switch of the card or the reader.', overridable: true },
  { code: 'camera.unknown', severity: 'warning', message: '2 of 41 clips name no camera model: X0001, X0002', hint: 'Say once what camera it was; it holds for every card of that camera format.', overridable: true },
  { code: 'card.extra_file', severity: 'note', message: '1 file does not belong to any clip; it is copied as well.', hint: 'Nothing to do.', path: '.Spotlight-V100/store.db', overridable: true },
]

/** Cameras that were named on the page that is looked at. */
export const mappings: CameraMapping[] = []
/** Overrides made on the page that is looked at: card and code. */
export const overrides = new Map<string, { by: string; reason: string; at: string }>()

export function cardDetail(view: CardView): CardDetail {
  const marked = findings.map((one) => {
    const by = overrides.get(`${view.id} ${one.code}`)
    return by ? { ...one, overridden: by } : one
  })
  const wanted = marked.filter((one) => (one.severity === 'error' ? view.findings.errors : one.severity === 'warning' ? view.findings.warnings : view.findings.notes) > 0)
  return {
    card: view, recognition: [`${view.reel} in the folder name`, 'MXF identification: ARRI ALEXA 35, SUP 4.1.0', '41 of 41 clips name the same camera'],
    findings: wanted,
    failed_files: view.problem ? [{ copy: null, path: 'C001_1123QW.RDM/C001_C009_1123QW.RDC/C001_C009_1123QW_002.R3D', problem: view.problem }] : [],
    log: [
      { at: `${DAY}13:20:00Z`, text: `Card mounted at /media/${view.reel}, read-only` },
      { at: `${DAY}13:20:02Z`, text: `Recognised as ${view.family}: ${view.clips} clips` },
      { at: `${DAY}13:20:03Z`, text: 'Offload started to SSD-7 and RAID-2' },
      { at: `${DAY}13:44:51Z`, text: 'Copy on SSD-7 sealed, generation 1' },
      { at: `${DAY}13:48:10Z`, text: 'Copy on SSD-7 read back from the device: 44 of 44 equal' },
    ],
    contact_sheet: view.copies.length > 0 ? 'sheet-1' : null,
  }
}

const slates = ['12A/1', '12A/2', '12A/3', '12B/1', '12C/1', '12C/2', '14/1', '14/2 PU', '', '15A/1']

export function clips(view: CardView, from = 0, count = view.clips): ClipView[] {
  const sound = view.camera_letter === 'S'
  return Array.from({ length: count }, (_, index) => {
    const number = String(index + 1).padStart(3, '0')
    const frames = 240 + ((index * 97) % 3800)
    const start = 10 * 3600 + ((from + index) * 131) % 20000
    const broken = index % 29 === 8
    return {
      card: view.id, reel: view.reel, index, name: sound ? `NF_${number}.wav` : `${view.reel.slice(0, 4)}C${number}_261123_${view.reel.slice(4)}`,
      kind: sound ? 'sound' : 'video', size_bytes: 2.1e9 + ((index * 7919) % 1000) * 3.1e7, files: 1,
      tc_start: timecode(start, 0), tc_end: timecode(start + Math.floor(frames / 24), frames % 24), duration_frames: frames, rate: '24',
      camera: view.family.replace(/^\S+ /, ''), codec: view.facts.split(' · ')[1] ?? '', picture_size: sound ? '' : '4608x3164', slate: slates[index % slates.length] ?? '',
      picture: sound || broken ? null : `p${index}`,
      picture_words: sound ? 'sound has no picture' : broken ? 'no index: the decoder cannot find the first frame' : 'ARRI LogC4 to ACES 2.0 Rec.709',
      worst: broken ? 'error' : index % 17 === 5 ? 'warning' : null,
    }
  })
}

function timecode(secs: number, frame: number): string {
  const two = (value: number) => String(value).padStart(2, '0')
  return `${two(Math.floor(secs / 3600) % 24)}:${two(Math.floor(secs / 60) % 60)}:${two(secs % 60)}:${two(frame)}`
}

export function clipDetail(clip: ClipView): ClipDetail {
  const field = (name: string, value: string, source: string, raw = value) => ({ name, state: 'known', value, sources: [{ value, raw, source }] })
  return {
    clip,
    files: [
      { path: `${clip.reel}/${clip.name}.mxf`, size_bytes: clip.size_bytes, role: 'essence' },
      { path: `${clip.reel}/${clip.name}.ale`, size_bytes: 4821, role: 'sidecar' },
    ],
    fields: [
      field('camera.model', clip.camera, 'MXF CameraModelName'),
      field('exposure.index', '800', 'MXF ExposureIndexASA', '800'),
      field('white_balance.kelvin', '5600 K', 'MXF WhiteBalance', '5600'),
      { name: 'lens.model', state: 'vendor_unknown', value: '', sources: [{ value: null, raw: 'Unknown', source: 'MXF LensModel' }] },
      { name: 'slate.scene', state: 'conflict', value: clip.slate, sources: [{ value: clip.slate, raw: clip.slate, source: 'ALE Scene' }, { value: '12', raw: '12', source: 'MXF SlateInfo' }] },
      field('shutter.angle', '172.8°', 'MXF ShutterAngle', '1728/10'),
      field('color.input', 'ARRI LogC4', 'MXF TransferCharacteristic', '060E2B34.0401010D…'),
    ],
    findings: clip.worst === 'error' ? findings.slice(0, 1) : [],
  }
}

/** A frame-like drawing; `seed` decides light, horizon and figure. */
export function drawnPicture(seed: number, wide: number): string {
  const tall = Math.round((wide * 9) / 16)
  const hue = (seed * 47) % 360
  const light = 18 + ((seed * 31) % 40)
  const horizon = 45 + ((seed * 13) % 30)
  const at = 20 + ((seed * 29) % 60)
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 90" width="${wide}" height="${tall}"><rect width="160" height="90" fill="hsl(${hue} 22% ${light}%)"/><rect y="${horizon}" width="160" height="90" fill="hsl(${(hue + 150) % 360} 18% ${light * 0.45}%)"/><ellipse cx="${at * 1.6}" cy="${horizon - 6}" rx="9" ry="11" fill="hsl(24 32% ${light * 0.95}%)"/><path d="M${at * 1.6 - 22} 90q4-38 22-38t22 38" fill="hsl(${hue} 14% ${light * 0.3}%)"/></svg>`
  return `data:image/svg+xml,${encodeURIComponent(svg)}`
}
