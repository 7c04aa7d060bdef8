// Owns a backend without Rust: made-up states for looking at the page and for its tests. Never part of a shipped build.
import type { Backend } from './backend'
import type { CardView, ClipView, Commands, Problem, Snapshot, UiFrame, UploadView } from './contract'
import * as made from './fixtures'

export type Scene = 'empty' | 'ready' | 'busy' | 'error' | 'many' | 'safe' | 'broken'
export const SCENES: readonly Scene[] = ['empty', 'ready', 'busy', 'error', 'many', 'safe', 'broken']

export interface FakeBackend extends Backend {
  /** Calls so far, for tests. */
  calls: { name: string; request: unknown }[]
  state: Snapshot
  /** Sends a frame to the page. */
  send(frame: Partial<UiFrame>): void
  /** Changes the state, as Rust would: revision first. */
  change(more: Partial<Snapshot>): void
  /** Makes the next call of this name fail. */
  failNext(name: keyof Commands, problem: Problem): void
}

function scene(name: Scene): Snapshot {
  const busy = made.busyCards()
  const at = (index: number): CardView => busy[index] as CardView
  switch (name) {
    case 'empty':
      return made.snapshot({ project: '', destinations: [], volumes: [], cloud: { url: null, online: false, words: 'no cloud is set' } })
    case 'ready':
      return made.snapshot({ cards: [at(4)] })
    case 'safe':
      return made.snapshot({ cards: [at(1), at(3)] })
    case 'error':
    case 'broken':
      return made.snapshot({
        cards: [at(2), { ...at(0), upload: { ...(at(1).upload as UploadView), state: 'offline' } }], verifications: made.verifications,
        cloud: { url: 'https://cloud.nightfall.example', online: false, words: 'offline since 14:02 · uploads paused' },
      })
    case 'many':
      return made.snapshot({ cards: [made.card('a003', 'A003R1JL', { clips: 10_000, files: 10_400, size_bytes: 9.6e12 }), ...busy.slice(1)], verifications: made.verifications })
    default:
      return made.snapshot({ cards: busy, verifications: made.verifications, queue: made.queue })
  }
}

export function fakeBackend(name: Scene = 'busy', { live = false }: { live?: boolean } = {}): FakeBackend {
  const listeners = new Set<(frame: UiFrame) => void>()
  const failing = new Map<string, Problem>()
  const moving = name === 'busy' || name === 'many' ? structuredClone(made.busyTicks) : []
  let everyClip: ClipView[] | null = null

  const clipsOf = (card?: string): ClipView[] => {
    everyClip ??= fake.state.cards.flatMap((view) => made.clips(view))
    return card === undefined ? everyClip : everyClip.filter((clip) => clip.card === card)
  }
  const cardOf = (id: string): CardView => {
    const found = fake.state.cards.find((view) => view.id === id)
    if (found === undefined) throw missing(`There is no card ${id}.`)
    return found
  }
  const changeCard = (id: string, more: Partial<CardView>): void =>
    fake.change({ cards: fake.state.cards.map((view) => (view.id === id ? { ...view, ...more } : view)) })
  const changeJob = (job: string, more: Partial<CardView>): void => {
    const view = fake.state.cards.find((one) => one.job === job)
    if (view) changeCard(view.id, more)
  }

  const answers: { [K in keyof Commands]: (request: Commands[K]['req']) => Commands[K]['res'] } = {
    // A new object every time, as it comes over the bridge.
    get_snapshot: () => ({ ...fake.state }),
    get_card: ({ card }) => made.cardDetail(cardOf(card)),
    get_clips({ card, filter, offset, limit }) {
      const words = filter.toLowerCase().split(/\s+/).filter(Boolean)
      const found = clipsOf(card).filter((clip) => {
        const text = `${clip.name} ${clip.reel} ${clip.tc_start} ${clip.slate} ${clip.camera} ${clip.codec}`.toLowerCase()
        return words.every((word) => text.includes(word))
      })
      const notes = words.filter((word) => /^tc:.*[a-z]/.test(word.slice(3)) || /^tc:[a-z]/.test(word)).map((word) => `"${word.slice(3)}" is no timecode`)
      return { total: found.length, offset, clips: found.slice(offset, offset + limit), notes }
    },
    get_clip({ card, index }) {
      const clip = clipsOf(card)[index]
      if (clip === undefined) throw missing(`There is no clip ${index}.`)
      return made.clipDetail(clip)
    },
    pick_card() {
      everyClip = null
      fake.change({ cards: [made.card('picked', 'A001R0AA'), ...fake.state.cards] })
      return { id: 'picked' }
    },
    pick_destination() {
      const next = made.destinations.find((one) => !fake.state.destinations.some((have) => have.id === one.id))
      if (next) fake.change({ destinations: [...fake.state.destinations, next] })
      return { id: next?.id ?? null }
    },
    set_destination({ destination, ticked }) {
      fake.change({ destinations: fake.state.destinations.map((one) => (one.id === destination ? { ...one, ticked: ticked ?? one.ticked, in_preset: ticked ?? one.in_preset } : one)) })
      return {}
    },
    forget_destination({ destination }) {
      fake.change({ destinations: fake.state.destinations.filter((one) => one.id !== destination) })
      return {}
    },
    start_offload({ card, destinations }) {
      changeCard(card, {
        job: `job-${card}`, job_state: 'running', stations: made.stations('ddw....', 'copying'),
        copies: destinations.map((id) => made.copy(`${card}-${id}`, fake.state.destinations.find((one) => one.id === id)?.label ?? id, {
          state: 'copying', bytes_done: 0, evidence: null, evidence_words: '', proven_at: null, manifest_reread: false,
        })),
      })
      return { id: `job-${card}` }
    },
    stop_job({ job }) {
      changeJob(job, { job_state: 'stopped' })
      return {}
    },
    cancel_job({ job }) {
      changeJob(job, { job_state: 'cancelled' })
      return {}
    },
    move_job({ job, to }) {
      const queue = [...fake.state.queue]
      const at = queue.findIndex((one) => one.job === job)
      const [moved] = queue.splice(at, 1)
      if (moved) queue.splice(to === 'first' ? 0 : to === 'up' ? Math.max(0, at - 1) : to === 'down' ? at + 1 : queue.length, 0, moved)
      fake.change({ queue })
      return {}
    },
    get_presets: () => structuredClone(made.presets),
    save_preset(preset) {
      made.presets.presets = [...made.presets.presets.filter((one) => one.name !== preset.name), { ...preset, own: true }].sort((a, b) => a.name.localeCompare(b.name))
      fake.change({})
      return {}
    },
    remove_preset({ name }) {
      made.presets.presets = made.presets.presets.filter((one) => one.name !== name)
      fake.change({})
      return {}
    },
    use_preset({ name }) {
      made.presets.used = name
      fake.change({ preset: { ...fake.state.preset, name } })
      return {}
    },
    sketch_folder: ({ folder, values }) => ({ path: folder.replace(/\{(\w+)(:\d)?\}/g, (_, token: string) => values[token] ?? made.presets.tokens.find((one) => one.name === token)?.example ?? '').replace(/[[\]]/g, ''), notes: [], problem: folder.includes('{unit}') && !values['unit'] ? 'the folder template asks for {unit}, which has no value here' : null }),
    sign_off({ card, what, by, withdraw }) {
      const others = cardOf(card).sign_offs.filter((one) => one.what !== what)
      changeCard(card, { sign_offs: withdraw ? others : [...others, { what, copy: null, by, at: new Date().toISOString(), note: '' }] })
      return {}
    },
    eject_card({ card }) {
      changeCard(card, { mounted: false })
      return {}
    },
    resume_job({ job }) {
      changeJob(job, { job_state: 'running' })
      return {}
    },
    start_upload: () => ({}),
    stop_upload: () => ({}),
    pick_verification() {
      fake.change({ verifications: made.verifications })
      return { id: 'ver1' }
    },
    override_finding: ({ card, code, by, reason }) => {
      made.overrides.set(`${card} ${code}`, { by, reason, at: new Date().toISOString() })
      fake.change({})
      return {}
    },
    withdraw_override: ({ card, code }) => {
      made.overrides.delete(`${card} ${code}`)
      fake.change({})
      return {}
    },
    get_camera_mappings: () => ({ mappings: made.mappings }),
    map_camera({ card, fields, by, note }) {
      const said = fields.filter((set) => (set.value ?? '') !== '')
      const mapping = { id: `map${made.mappings.length + 1}`, format: 'camera missing, model missing, 1920x1080, H.264, squeeze missing', when: [], fields: said, why: note === '' ? by : `${by}: ${note}`, by, at: new Date().toISOString(), forgotten_at: null }
      made.mappings.push(mapping)
      fake.change({})
      return { mapping, clips: 1, cards: [cardOf(card).reel] }
    },
    forget_camera({ id }) {
      const at = made.mappings.findIndex((one) => one.id === id)
      const [mapping] = made.mappings.splice(at, 1)
      fake.change({})
      return { mapping: mapping!, clips: 0, cards: [] }
    },
    export: ({ card, format }) => ({ path: `/mnt/ssd-7/${cardOf(card).reel}.${format}` }),
    set_preset(preset) {
      fake.change({ preset })
      return {}
    },
    set_cloud({ url }) {
      fake.change({ cloud: { url: url === '' ? null : url, online: url !== '', words: url === '' ? 'no cloud is set' : 'online' } })
      return {}
    },
    set_project({ project }) {
      fake.change({ project })
      return {}
    },
  }

  const fake: FakeBackend = {
    calls: [],
    state: scene(name),
    async call(command, request) {
      fake.calls.push({ name: command, request })
      await Promise.resolve()
      const problem = failing.get(command)
      if (problem !== undefined) {
        failing.delete(command)
        throw problem
      }
      return answers[command](request)
    },
    subscribe(listener) {
      listeners.add(listener)
      const first = setTimeout(() => fake.send({}))
      const timer = live ? setInterval(() => {
        for (const tick of moving) for (const lane of tick.lanes) lane.bytes_done = Math.min(lane.bytes_total, lane.bytes_done + lane.bytes_per_sec / 10)
        fake.send({})
      }, 100) : undefined
      return () => {
        clearTimeout(first)
        clearInterval(timer)
        listeners.delete(listener)
      }
    },
    pictureUrl: (card, index, size) => made.drawnPicture(index + card.length * 7, size === 'small' ? 240 : 1280),
    sheetUrl: (card) => made.drawnPicture(card.length, 1280),
    send(frame) {
      const whole: UiFrame = { rev: fake.state.rev, cards: structuredClone(moving), bytes_per_sec: moving.length > 0 ? 1.26e9 : 0, eta_secs: moving.length > 0 ? 2100 : null, verifications: [], ...frame }
      for (const listener of listeners) listener(whole)
    },
    change(more) {
      fake.state = { ...fake.state, ...more, rev: fake.state.rev + 1 }
      fake.send({})
    },
    failNext: (command, problem) => void failing.set(command, problem),
  }
  if (name === 'broken') fake.failNext('get_snapshot', { code: 'state_failed', summary: 'Checkgate cannot open its own state.', details: ['database disk image is malformed'], hint: 'Media on the destinations are not affected. Check the disk that holds Checkgate\u2019s own state.', retry: 'later' })
  return fake
}

function missing(summary: string): Problem {
  return { code: 'not_found', summary, details: [], hint: 'Check the name; `checkgate jobs` and `checkgate volumes` list what there is.', retry: 'never' }
}
