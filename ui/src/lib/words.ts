// Owns the words for states that Rust sends as codes. Says how a state is called, never what it means for the card.
import type { CopyView, Severity, StationState, UploadState, CardView, LaneTick } from './backend/contract'
import type { MarkState } from './components/Mark.svelte'

export const stateWords: Record<StationState, string> = {
  waiting: 'waiting', working: 'working', done: 'done', attention: 'needs attention', failed: 'failed', not_asked: 'not asked for',
}

export const uploadWords: Record<UploadState, string> = {
  waiting: 'waits for its turn', sending: 'sending', offline: 'offline, goes on by itself', interrupted: 'interrupted, can be resumed',
  processing: 'the cloud works on it', done: 'done', quarantined: 'quarantined: the cloud has different bytes', failed: 'failed',
}

export const uploadMarks: Record<UploadState, MarkState> = {
  waiting: 'waiting', sending: 'working', offline: 'attention', interrupted: 'attention', processing: 'working', done: 'done',
  quarantined: 'failed', failed: 'failed',
}

export const severityMarks: Record<Severity, MarkState> = { error: 'failed', warning: 'attention', note: 'kept' }

export type BarState = 'working' | 'proven' | 'kept' | 'failed' | 'attention' | 'waiting'

/** Green only for the top level of evidence, which Rust alone can give. */
export function copyBar(copy: CopyView): BarState {
  switch (copy.state) {
    case 'sealed': return copy.evidence === 'read_back_device' && copy.failed_files === 0 ? 'proven' : copy.failed_files > 0 ? 'failed' : 'kept'
    case 'failed': return 'failed'
    case 'interrupted': return 'attention'
    case 'waiting': return 'waiting'
    default: return 'working'
  }
}

export function copyMark(copy: CopyView): MarkState {
  const bar = copyBar(copy)
  return bar === 'proven' ? 'done' : bar
}

/** Words of a copy: its phase while it moves, its evidence once it stands. */
export function copyWords(copy: CopyView, tick: LaneTick | null): string {
  if (copy.failed_files > 0) return `${copy.failed_files} failed`
  if (tick !== null) return tick.phase
  switch (copy.state) {
    case 'sealed': return copy.evidence_words || 'sealed'
    case 'failed': return 'failed'
    case 'interrupted': return 'interrupted'
    case 'waiting': return 'waiting'
    case 'copying': return 'copying'
    case 'reading_back': return 'reading back'
  }
}

/** Words under the active station. */
export function activeWords(card: CardView): string {
  const order: StationState[] = ['failed', 'attention', 'working']
  for (const state of order) {
    const found = card.stations.find((one) => one.state === state && one.words !== '')
    if (found) return found.words
  }
  return ''
}

export const verificationMarks: Record<string, MarkState> = {
  waiting: 'waiting', running: 'working', whole: 'done', sizes_agree: 'attention', differences: 'failed', stopped: 'attention', failed: 'failed',
}
