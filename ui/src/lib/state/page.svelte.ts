// Owns where the person is: place, selection, what is open. Knows nothing about media.
import type { ClipView } from '../backend/contract'
import type { Store } from './store.svelte'

export const PLACES = ['cards', 'clips', 'verify', 'transfers', 'setup'] as const
export type Place = (typeof PLACES)[number]
export const PLACE_NAMES: Record<Place, string> = {
  cards: 'Cards', clips: 'Clips', verify: 'Verify', transfers: 'Transfers', setup: 'Setup',
}

/** What the arrow keys move: the list on the screen registers itself here. */
export interface Cursor {
  move(key: string): boolean
  focus(): void
}

/** What the person likes to look at stays on this machine; it is no setting of the job. */
function remembered(name: string): boolean {
  try {
    return localStorage.getItem(name) === 'yes'
  } catch {
    return false
  }
}
function remember(name: string, on: boolean): void {
  try {
    localStorage.setItem(name, on ? 'yes' : 'no')
  } catch {
    // A window without storage forgets; nothing else depends on it.
  }
}

function rememberedText(name: string): string {
  try {
    return localStorage.getItem(name) ?? ''
  } catch {
    return ''
  }
}

export class Page {
  /** Who sits here: asked for once, stands beside every override. */
  name = $state(rememberedText('name'))
  place = $state<Place>('cards')
  card = $state<string | null>(null)
  clip = $state.raw<ClipView | null>(null)
  verification = $state<string | null>(null)
  /** Clips of this card only; all cards where it is `null`. */
  scope = $state<string | null>(null)
  filter = $state('')
  grid = $state(!remembered('table'))
  palette = $state(false)
  large = $state(false)
  daylight = $state(remembered('daylight'))
  greySurround = $state(false)
  /** Destinations chosen for one card, where they differ from the preset. */
  chosen = $state.raw<Readonly<Record<string, readonly string[]>>>({})
  cursor: Cursor | null = null
  focusFilter: (() => void) | null = null
  focusWhy: (() => void) | null = null

  setDaylight(on: boolean): void {
    this.daylight = on
    remember('daylight', on)
  }

  setGrid(on: boolean): void {
    this.grid = on
    remember('table', !on)
  }

  go(place: Place): void {
    this.place = place
    this.large = false
  }

  rememberName(): void {
    try {
      localStorage.setItem('name', this.name.trim())
    } catch {
      // As above.
    }
  }

  /** Opens a card, from wherever one of its clips was found. */
  openCard(card: string): void {
    this.card = card
    this.go('cards')
  }

  /** Opens the clips of a card. */
  openClips(card: string): void {
    if (this.scope !== card) {
      this.scope = card
      this.clip = null
      this.filter = ''
    }
    this.go('clips')
  }

  /** One step back: the topmost open thing closes first. */
  back(): void {
    if (this.palette) this.palette = false
    else if (this.large) this.large = false
    else if (this.place === 'clips' && this.filter !== '') this.filter = ''
    else if (this.place === 'clips' && this.scope !== null) {
      this.card = this.scope
      this.go('cards')
    } else if (this.place !== 'cards') this.go('cards')
    this.cursor?.focus()
  }

  /** The card that commands act on. */
  target(store: Store): string | null {
    const id = this.place === 'clips' ? (this.clip?.card ?? this.scope) : this.card
    return store.cardView(id)?.id ?? null
  }

  /** Destinations an offload of this card would go to. */
  destinations(store: Store, card: string): readonly string[] {
    const present = (store.snapshot?.destinations ?? []).filter((destination) => destination.present)
    const chosen = this.chosen[card]
    return present.filter((at) => (chosen === undefined ? at.in_preset : chosen.includes(at.id))).map((at) => at.id)
  }

  choose(store: Store, card: string, destination: string, on: boolean): void {
    const now = this.destinations(store, card).filter((id) => id !== destination)
    this.chosen = { ...this.chosen, [card]: on ? [...now, destination] : now }
  }
}
