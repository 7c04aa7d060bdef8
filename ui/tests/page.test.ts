// Keyboard triples: (screen, keys, screen). One line per behaviour.
import { flushSync, mount, unmount } from 'svelte'
import { afterEach, describe, expect, it } from 'vitest'
import App from '../src/App.svelte'
import { fakeBackend, type FakeBackend, type Scene } from '../src/lib/backend/fake'

let running: ReturnType<typeof mount> | null = null
let backend: FakeBackend

async function settled(): Promise<void> {
  for (let round = 0; round < 6; round += 1) {
    await new Promise((done) => setTimeout(done, 2))
    flushSync()
  }
}
async function show(scene: Scene): Promise<void> {
  document.body.innerHTML = '<div id="app"></div>'
  backend = fakeBackend(scene)
  running = mount(App, { target: document.getElementById('app') as HTMLElement, props: { backend } })
  await settled()
}
async function keys(...names: string[]): Promise<void> {
  for (const name of names) {
    const at = document.activeElement ?? document.body
    const [ctrlKey, plain] = name.startsWith('Ctrl+') ? [true, name.slice(5)] : [false, name]
    const [shiftKey, key] = plain.startsWith('Shift+') ? [true, plain.slice(6)] : [false, plain]
    at.dispatchEvent(new KeyboardEvent('keydown', { key, ctrlKey, shiftKey, bubbles: true, cancelable: true }))
    await settled()
  }
}
const place = () => document.querySelector('nav [aria-current]')?.textContent?.trim() ?? ''
const why = () => document.querySelector('aside')?.textContent ?? ''
const chosen = () => document.querySelector('main [aria-selected="true"]')?.id ?? ''
const screen = () => document.querySelector('main')?.textContent ?? ''
const called = (name: string) => backend.calls.filter((call) => call.name === name).map((call) => call.request)

afterEach(async () => {
  if (running !== null) await unmount(running)
  running = null
})

describe('keyboard', () => {
  it('arrows choose another card, and the right side answers for it', async () => {
    await show('busy')
    expect(chosen()).toBe('card-a003')
    await keys('ArrowDown', 'ArrowDown')
    expect(chosen()).toBe('card-c001')
    expect(why()).toContain('The card was pulled')
  })
  it('Enter opens the clips of the card, Escape comes back to it', async () => {
    await show('busy')
    await keys('ArrowDown', 'Enter')
    expect(place()).toContain('Clips')
    expect(called('get_clips')[0]).toMatchObject({ card: 'b002' })
    await keys('Escape')
    expect(place()).toContain('Cards')
    expect(chosen()).toBe('card-b002')
  })
  it('numbers go to places', async () => {
    await show('busy')
    for (const [key, name] of [['2', 'Clips'], ['3', 'Verify'], ['4', 'Transfers'], ['5', 'Setup'], ['1', 'Cards']] as const) {
      await keys(key)
      expect(place()).toContain(name)
    }
  })
  it('the setup says what a folder will be called, and asks once while nothing changes', async () => {
    await show('ready')
    await keys('5')
    await new Promise((done) => setTimeout(done, 300))
    await settled()
    expect(document.querySelector('#sketch .path')?.textContent).not.toBe('')
    expect(called('sketch_folder').length).toBe(1)
    expect(called('get_presets').length).toBe(1)
    expect(called('get_snapshot').length).toBeLessThanOrEqual(2)
  })
  it('O offloads to the preset, S stops, R resumes', async () => {
    await show('ready')
    await keys('o')
    expect(called('start_offload')).toEqual([{ card: 'd004', destinations: ['ssd7', 'raid2'] }])
    await keys('s')
    expect(called('stop_job')).toEqual([{ job: 'job-d004' }])
    await keys('r')
    expect(called('resume_job')).toEqual([{ job: 'job-d004' }])
  })
  it('a point moves the focus to the reasons', async () => {
    await show('busy')
    await keys('.')
    expect(document.activeElement?.textContent).toContain('Not yet, because')
    await keys('Escape')
    expect(document.activeElement?.getAttribute('role')).toBe('grid')
  })
  it('Ctrl K finds a command by its words and runs it', async () => {
    await show('busy')
    await keys('Ctrl+k')
    const field = document.querySelector<HTMLInputElement>('[role=combobox]')
    expect(document.activeElement).toBe(field)
    if (field === null) throw new Error('no field')
    field.value = 'setup'
    field.dispatchEvent(new Event('input', { bubbles: true }))
    await settled()
    await keys('Enter')
    expect(document.querySelector('[role=dialog]')).toBeNull()
    expect(place()).toContain('Setup')
  })
  it('letters that are typed into the filter are not commands', async () => {
    await show('busy')
    await keys('/')
    await settled()
    const field = document.querySelector<HTMLInputElement>('[type=search]')
    expect(document.activeElement).toBe(field)
    await keys('o', 's', '1')
    expect(called('start_offload')).toEqual([])
    expect(called('stop_job')).toEqual([])
    expect(place()).toContain('Clips')
  })
  it('V verifies a folder and shows what differs', async () => {
    await show('ready')
    await keys('v')
    expect(place()).toContain('Verify')
    expect(why()).toContain('Differences')
    expect(why()).toContain('B001C003_261122_R0BB.mxf')
  })
  it('E writes an ALE and says where', async () => {
    await show('busy')
    await keys('e')
    expect(called('export')).toEqual([{ card: 'a003', format: 'ale' }])
    expect(why()).toContain('Written to /mnt/ssd-7/A003R1JL.ale')
  })
})

describe('what is said', () => {
  it('an empty screen teaches one action', async () => {
    await show('empty')
    expect(screen()).toContain('Where do copies go?')
    expect(document.querySelectorAll('main button.primary').length).toBe(1)
  })
  it('shows the verdict of Rust and every reason', async () => {
    await show('busy')
    expect(screen()).toContain('NOT YET')
    expect(screen()).toContain('2 reasons')
    expect(why()).toContain('1 of 2 copies proven by read back (device)')
    expect(why()).toContain('the card has not been read a second time')
  })
  it('says safe only where Rust says so', async () => {
    await show('ready')
    expect(document.body.textContent).not.toMatch(/safe to format/i)
    const [card] = backend.state.cards
    if (card === undefined) throw new Error('no card')
    backend.change({ cards: [{ ...card, verdict: { safe: true, policy: 'two device-verified copies', unmet: [], overridden: [] } }] })
    await settled()
    expect(screen()).toContain('SAFE TO FORMAT')
  })
  it('a problem stands where it happened with summary, hint and code', async () => {
    await show('ready')
    backend.failNext('start_offload', { code: 'destination_full', summary: 'SSD-7 is full.', details: ['no space left on device'], hint: 'Free space and press R.', retry: 'later' })
    await keys('o')
    const alert = document.querySelector('aside [role=alert]')
    for (const words of ['SSD-7 is full.', 'Free space and press R.', 'destination_full', 'no space left on device']) expect(alert?.textContent).toContain(words)
  })
  it('a state that cannot be opened is said on top, not hidden', async () => {
    await show('broken')
    expect(document.querySelector('[role=alert]')?.textContent).toContain('state_failed')
  })
  it('an error that may be overridden asks for a name and a reason, and stays on the page, marked', async () => {
    await show('busy')
    await keys('ArrowDown', 'ArrowDown')
    const buttons = () => [...document.querySelectorAll<HTMLButtonElement>('aside .findings button')]
    expect(buttons().map((one) => one.textContent)).toEqual(['Override'])
    buttons()[0]?.click()
    await settled()
    const type = async (place: number, words: string) => {
      const field = document.querySelectorAll<HTMLInputElement>('aside form input')[place]
      if (field === undefined) throw new Error('no field')
      field.value = words
      field.dispatchEvent(new Event('input', { bubbles: true }))
      await settled()
    }
    const submit = () => document.querySelector<HTMLButtonElement>('aside form [type=submit]')
    expect(submit()?.disabled).toBe(true)
    await type(0, 'K. Adams')
    await type(1, 'agreed with post')
    submit()?.click()
    await settled()
    expect(called('override_finding')).toEqual([{ card: 'c001', code: 'roll.duplicate', by: 'K. Adams', reason: 'agreed with post' }])
    expect(why()).toContain('the project has a roll C001 already')
    expect(why()).toMatch(/Overridden by K\. Adams, .*: agreed with post/)
    buttons().find((one) => one.textContent === 'Take back')?.click()
    await settled()
    expect(called('withdraw_override')).toEqual([{ card: 'c001', code: 'roll.duplicate' }])
    expect(why()).not.toContain('Overridden by')
  })
  it('a camera that nobody knows is named once, and can be forgotten in the setup', async () => {
    await show('busy')
    const button = (words: string) => [...document.querySelectorAll<HTMLButtonElement>('button')].find((one) => one.textContent === words)
    for (let step = 0; step < 8 && button('Name this camera') === undefined; step += 1) await keys('ArrowDown')
    button('Name this camera')?.click()
    await settled()
    const fields = () => [...document.querySelectorAll<HTMLInputElement>('aside form input')]
    for (const [place, words] of ['Acme', 'X1 Mark II', 'V-Log', 'K. Adams', 'label'].entries()) {
      const field = fields()[place]
      if (field === undefined) throw new Error('no field')
      field.value = words
      field.dispatchEvent(new Event('input', { bubbles: true }))
      await settled()
    }
    document.querySelector<HTMLButtonElement>('aside form [type=submit]')?.click()
    await settled()
    expect(called('map_camera')).toMatchObject([{ by: 'K. Adams', note: 'label', fields: [{ field: 'camera.make', value: 'Acme' }, { field: 'camera.model', value: 'X1 Mark II' }, { field: 'color.gamma', value: 'V-Log' }] }])
    for (let number = 1; number < 7 && !screen().includes('Cameras that were named'); number += 1) await keys(String(number))
    await settled()
    expect(screen()).toContain('Acme · X1 Mark II · V-Log')
    const forget = [...document.querySelectorAll<HTMLButtonElement>('main button')].find((one) => one.title === 'That it was said stays recorded')
    forget?.click()
    await settled()
    expect(called('forget_camera')).toEqual([{ id: 'map1' }])
    expect(screen()).not.toContain('Acme · X1 Mark II')
  })
  it('a clip that was found leads to its card', async () => {
    await show('busy')
    await keys('Ctrl+f')
    expect(place()).toContain('Clips')
    const field = document.querySelector<HTMLInputElement>('[type=search]')
    if (field === null) throw new Error('no field')
    field.value = 'b002'
    field.dispatchEvent(new Event('input', { bubbles: true }))
    await settled()
    await keys('ArrowDown', 'c')
    expect(place()).toContain('Cards')
    expect(chosen()).toBe('card-b002')
  })
  it('says what part of a question it did not understand', async () => {
    await show('busy')
    await keys('/')
    const field = document.querySelector<HTMLInputElement>('[type=search]')
    if (field === null) throw new Error('no field')
    field.value = 'tc:noon'
    field.dispatchEvent(new Event('input', { bubbles: true }))
    await settled()
    expect(screen()).toContain('Not understood: "noon" is no timecode')
  })
  it('a filter that matches nothing says so and offers to clear it', async () => {
    await show('busy')
    await keys('/')
    const field = document.querySelector<HTMLInputElement>('[type=search]')
    if (field === null) throw new Error('no field')
    field.value = 'zzz'
    field.dispatchEvent(new Event('input', { bubbles: true }))
    await settled()
    expect(screen()).toContain('No clip matches “zzz”')
  })
})

describe('queue', () => {
  it('a card that waits says for what, and moves up by its key', async () => {
    await show('busy')
    backend.change({ cards: backend.state.cards.map((card) => (card.job === 'j4' ? { ...card, job_state: 'waiting' } : card)), queue: [
      { job: 'j1', card: 'a003', reel: 'A003R1JL', state: 'running', priority: 0, here: true, words: '' },
      { job: 'j4', card: 'd001', reel: 'D001R1PQ', state: 'waiting', priority: 2, here: false, words: 'waits for RAID-2: A003R1JL is being offloaded' },
    ] })
    const waiting = backend.state.cards.find((card) => card.job === 'j4')
    expect(waiting).toBeDefined()
    await settled()
    await keys('ArrowDown', 'ArrowDown', 'ArrowDown')
    expect(chosen()).toBe(`card-${waiting?.id}`)
    expect(why()).toContain('Waits for RAID-2: A003R1JL is being offloaded')
    expect(why()).toContain('2 of 2')
    expect(why()).toContain('Another Checkgate')
    await keys('Shift+ArrowUp')
    expect(called('move_job')).toEqual([{ job: 'j4', to: 'up' }])
    expect(document.querySelector('footer')?.textContent).toContain('1 card waits')
  })
  it('says when the card is free apart from when all is done', async () => {
    await show('busy')
    expect(screen()).toMatch(/card free in\s+3 min/)
    expect(screen()).toMatch(/all in\s+7 min/)
    expect(document.querySelector('footer')?.textContent).toMatch(/all\s*1\.26 GB\/s/)
  })
})

describe('presets', () => {
  it('shows the folder for every keystroke and says what has no value', async () => {
    await show('busy')
    await keys('5')
    await new Promise((done) => setTimeout(done, 160))
    await settled()
    expect(screen()).toContain('20261123')
    const unit = [...document.querySelectorAll('form label')].find((label) => label.textContent?.trim() === 'unit')?.querySelector('input')
    expect(unit).toBeTruthy()
    if (unit) {
      unit.value = ''
      unit.dispatchEvent(new InputEvent('input', { bubbles: true }))
    }
    await new Promise((done) => setTimeout(done, 160))
    await settled()
    expect(screen()).toContain('asks for {unit}')
    expect(screen()).toContain('Not saved yet')
    const save = [...document.querySelectorAll('button')].find((button) => button.textContent?.includes('Save preset'))
    save?.click()
    await settled()
    expect(called('save_preset')[0]).toMatchObject({ name: 'netflix-like', values: { day: '12', unit: '' } })
    expect(screen()).not.toContain('Not saved yet')
  })
})

describe('second verdict', () => {
  it('says why copies on this machine stay, and takes a signature', async () => {
    await show('safe')
    expect(why()).toContain('May the copies on this machine go?')
    expect(why()).toContain('the cloud has not verified every object')
    const sign = [...document.querySelectorAll('aside button')].find((button) => button.textContent === 'Sign: the day is complete') as HTMLButtonElement
    sign.click()
    await settled()
    const name = document.querySelector('aside form input') as HTMLInputElement
    name.value = 'K. Adams'
    name.dispatchEvent(new InputEvent('input', { bubbles: true }))
    await settled()
    ;([...document.querySelectorAll('aside form button')].find((button) => button.textContent === 'Sign') as HTMLButtonElement).click()
    await settled()
    expect(called('sign_off')[0]).toMatchObject({ what: 'day_complete', by: 'K. Adams', withdraw: false })
    expect(why()).toContain('K. Adams signed')
  })
})
