// Owns the command table: palette, shortcuts, tooltips, buttons and tests all read it. `when` only says whether a command has
// something to act on; whether it may be done is Rust's answer.
import type { CardView } from './backend/contract'
import type { Page, Place } from './state/page.svelte'
import { PLACES, PLACE_NAMES } from './state/page.svelte'
import type { Store } from './state/store.svelte'

export interface Desk {
  store: Store
  page: Page
}

export interface Command {
  id: string
  title: string
  /** Chords such as `O`, `Shift+E`, `Mod+K`, `ArrowDown`; the first one is shown. */
  keys: readonly string[]
  /** Left out of the palette: it only makes sense as a key. */
  keyOnly?: boolean
  when(desk: Desk): boolean
  run(desk: Desk): void
}

const always = () => true

function target({ store, page }: Desk): CardView | null {
  return store.cardView(page.target(store))
}
function onCard(test: (card: CardView, desk: Desk) => boolean): (desk: Desk) => boolean {
  return (desk) => {
    const card = target(desk)
    return card !== null && test(card, desk)
  }
}
function withCard(run: (card: CardView, desk: Desk) => void): (desk: Desk) => void {
  return (desk) => {
    const card = target(desk)
    if (card !== null) run(card, desk)
  }
}
const moves = (card: CardView) => card.job_state === 'running' || card.job_state === 'waiting'
const halted = (card: CardView) => card.job_state === 'stopped' || card.job_state === 'interrupted' || card.job_state === 'failed'
const uploads = (card: CardView) => ['waiting', 'sending', 'offline'].includes(card.upload?.state ?? '')

async function writeOut({ store }: Desk, card: CardView, format: string): Promise<void> {
  const written = await store.ask(card.id, 'export', { card: card.id, format })
  if (written?.path) store.note(card.id, `Written to ${written.path}`)
}

function move(key: string, title: string): Command {
  return {
    id: `move.${key}`, title, keys: [key], keyOnly: true,
    when: ({ page }) => page.cursor !== null,
    run: ({ page }) => void page.cursor?.move(key),
  }
}

/** Where a card's job stands in the queue, and how many there are. */
function queuePlace(card: CardView, { store }: Desk): [at: number, of: number] {
  const queue = store.snapshot?.queue ?? []
  return [queue.findIndex((one) => one.job === card.job), queue.length]
}

/** `side` is 1 where something must stand before it, -1 where something must stand behind it. */
function queued(to: string, title: string, key: string, side: 1 | -1): Command {
  return {
    id: `queue.${to}`, title, keys: [key],
    when: onCard((card, desk) => {
      const [at, of] = queuePlace(card, desk)
      return at >= 0 && (side === 1 ? at > 0 : at < of - 1)
    }),
    run: withCard((card, { store }) => { if (card.job) void store.ask(card.id, 'move_job', { job: card.job, to }) }),
  }
}

const places: Command[] = PLACES.map((place: Place, index) => ({
  id: `go.${place}`, title: `Go to ${PLACE_NAMES[place]}`, keys: [String(index + 1)], when: always,
  run: ({ page }) => page.go(place),
}))

export const COMMANDS: readonly Command[] = [
  {
    id: 'offload', title: 'Offload this card', keys: ['O'],
    when: onCard((card, { store, page }) => card.mounted && !moves(card) && !halted(card) && page.destinations(store, card.id).length > 0),
    run: withCard((card, { store, page }) => {
      void store.ask(card.id, 'start_offload', { card: card.id, destinations: [...page.destinations(store, card.id)] })
    }),
  },
  {
    id: 'stop', title: 'Pause; it can be resumed', keys: ['S'],
    when: onCard((card) => card.job !== null && moves(card)),
    run: withCard((card, { store }) => { if (card.job) void store.ask(card.id, 'stop_job', { job: card.job }) }),
  },
  {
    id: 'resume', title: 'Resume this card', keys: ['R'],
    when: onCard((card) => card.job !== null && halted(card)),
    run: withCard((card, { store }) => { if (card.job) void store.ask(card.id, 'resume_job', { job: card.job }) }),
  },
  {
    id: 'cancel', title: 'Cancel this offload; what is proven stays', keys: ['Shift+S'],
    when: onCard((card) => card.job !== null && (moves(card) || halted(card))),
    run: withCard((card, { store }) => { if (card.job) void store.ask(card.id, 'cancel_job', { job: card.job }) }),
  },
  queued('first', 'Put this card first in the queue', 'Shift+Home', 1),
  queued('up', 'Move this card up in the queue', 'Shift+ArrowUp', 1),
  queued('down', 'Move this card down in the queue', 'Shift+ArrowDown', -1),
  {
    id: 'upload', title: 'Upload from a verified copy', keys: ['U'],
    when: onCard((card, { store }) => card.copies.some((copy) => copy.state === 'sealed') && !uploads(card) && Boolean(store.snapshot?.cloud.url)),
    run: withCard((card, { store }) => void store.ask(card.id, 'start_upload', { card: card.id })),
  },
  {
    id: 'upload.stop', title: 'Stop the upload; it can be resumed', keys: ['Shift+U'],
    when: onCard(uploads),
    run: withCard((card, { store }) => void store.ask(card.id, 'stop_upload', { card: card.id })),
  },
  {
    id: 'eject', title: 'Eject this card', keys: ['X'],
    when: onCard((card) => card.mounted && !moves(card)),
    run: withCard((card, { store }) => void store.ask(card.id, 'eject_card', { card: card.id })),
  },
  {
    id: 'verify', title: 'Verify a folder', keys: ['V'], when: always,
    run: ({ store, page }) => {
      page.go('verify')
      void store.ask('verify', 'pick_verification', {}).then((picked) => { if (picked?.id) page.verification = picked.id })
    },
  },
  {
    id: 'export.ale', title: 'Export ALE', keys: ['E'], when: onCard((card) => card.clips > 0),
    run: withCard((card, desk) => void writeOut(desk, card, 'ale')),
  },
  {
    id: 'export.csv', title: 'Export CSV', keys: ['Shift+E'], when: onCard((card) => card.clips > 0),
    run: withCard((card, desk) => void writeOut(desk, card, 'csv')),
  },
  {
    id: 'card.add', title: 'Choose a folder as a card', keys: ['A'], when: always,
    run: ({ store, page }) => {
      page.go('cards')
      void store.ask('cards', 'pick_card', {}).then((picked) => { if (picked?.id) page.card = picked.id })
    },
  },
  {
    id: 'destination.add', title: 'Add a destination', keys: ['D'], when: always,
    run: ({ store, page }) => void store.ask(page.place === 'setup' ? 'setup' : 'cards', 'pick_destination', {}),
  },
  {
    id: 'open', title: 'Open the clips of this card', keys: ['Enter'],
    when: ({ store, page }) => page.place === 'cards' || page.place === 'transfers' ? store.cardView(page.card) !== null : page.place === 'clips' && page.clip !== null && !page.large,
    run: ({ page }) => {
      if (page.place === 'clips') page.large = true
      else if (page.card !== null) page.openClips(page.card)
    },
  },
  {
    id: 'preview', title: 'Show the picture large', keys: ['Space'],
    when: ({ store, page }) => page.large || (page.place === 'clips' ? page.clip !== null : page.place === 'cards' && store.card?.contact_sheet != null),
    run: ({ page }) => { page.large = !page.large },
  },
  { id: 'why', title: 'Show why', keys: ['.'], when: ({ page }) => page.focusWhy !== null, run: ({ page }) => page.focusWhy?.() },
  {
    id: 'clip.card', title: 'Go to the card of this clip', keys: ['C'],
    when: ({ store, page }) => page.place === 'clips' && page.clip !== null && store.cardView(page.clip.card) !== null,
    run: ({ page }) => { if (page.clip) page.openCard(page.clip.card) },
  },
  {
    id: 'find', title: 'Find clips of all cards', keys: ['Mod+F'], when: always,
    run: ({ page }) => {
      page.scope = null
      page.go('clips')
      queueMicrotask(() => setTimeout(() => page.focusFilter?.()))
    },
  },
  {
    id: 'filter', title: 'Find clips', keys: ['/'], when: always,
    run: ({ page }) => {
      page.go('clips')
      // The field may only be on its way to the screen.
      queueMicrotask(() => setTimeout(() => page.focusFilter?.()))
    },
  },
  { id: 'all', title: 'Show clips of all cards', keys: ['Shift+A'], when: ({ page }) => page.scope !== null, run: ({ page }) => { page.scope = null; page.go('clips') } },
  { id: 'grid', title: 'Switch between pictures and table', keys: ['G'], when: ({ page }) => page.place === 'clips', run: ({ page }) => page.setGrid(!page.grid) },
  { id: 'surround', title: 'Switch picture surround: dark or 18 % grey', keys: ['B'], when: ({ page }) => page.large, run: ({ page }) => { page.greySurround = !page.greySurround } },
  ...places,
  { id: 'theme', title: 'Switch between night and daylight', keys: ['T'], when: always, run: ({ page }) => page.setDaylight(!page.daylight) },
  { id: 'back', title: 'Back', keys: ['Escape'], keyOnly: true, when: always, run: ({ page }) => page.back() },
  { id: 'palette', title: 'Find a command', keys: ['Mod+K'], keyOnly: true, when: always, run: ({ page }) => { page.palette = !page.palette } },
  move('ArrowDown', 'Next'), move('ArrowUp', 'Previous'), move('ArrowRight', 'Next beside'), move('ArrowLeft', 'Previous beside'),
  move('Home', 'First'), move('End', 'Last'), move('PageDown', 'One page down'), move('PageUp', 'One page up'),
]

const byId = new Map(COMMANDS.map((command) => [command.id, command]))

export function command(id: string): Command {
  const found = byId.get(id)
  if (found === undefined) throw new Error(`no command ${id}`)
  return found
}

/** Chord of a key event, as the table writes it. */
export function chord(event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'shiftKey' | 'altKey'>): string {
  if (event.altKey) return ''
  const letter = /^[a-z]$/i.test(event.key)
  const key = event.key === ' ' ? 'Space' : letter ? event.key.toUpperCase() : event.key
  return `${event.ctrlKey || event.metaKey ? 'Mod+' : ''}${event.shiftKey && (letter || event.key.length > 1) ? 'Shift+' : ''}${key}`
}

/** A chord as people read it. */
export function keyWords(keys: string): string {
  const apple = typeof navigator !== 'undefined' && /mac/i.test(navigator.userAgent)
  return keys.replace('Mod+', apple ? '⌘' : 'Ctrl ').replace('Shift+', '⇧').replace('Escape', 'Esc').replace('ArrowUp', '↑').replace('ArrowDown', '↓')
}

/** Handles a key event; true if a command took it. */
export function press(desk: Desk, event: KeyboardEvent): boolean {
  const keys = chord(event)
  const at = event.target instanceof HTMLElement ? event.target : null
  const typing = at !== null && (at.matches('input:not([type=checkbox]), textarea, select') || at.isContentEditable)
  if (typing && !keys.startsWith('Mod+') && keys !== 'Escape' && !(keys === 'ArrowDown' && at.matches('[type=search]'))) return false
  const pressesButton = at !== null && at.matches('button, summary, a, input') && (keys === 'Enter' || keys === 'Space')
  if (pressesButton) return false
  if (desk.page.palette && keys !== 'Escape' && keys !== 'Mod+K') return false
  const found = COMMANDS.find((one) => one.keys.includes(keys) && one.when(desk))
  if (found === undefined) return false
  found.run(desk)
  return true
}
