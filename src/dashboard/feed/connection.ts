/** Keeps the store fed: one socket, opened again with growing pauses for as long as the page is. */
import type { DashboardFrame } from '../../observe/dashboard/frame.ts'
import { readSession, signIn, signOut } from './session.ts'
import type { FeedStore } from './store.ts'

/** A frame comes each second; after this long without one, what is shown is old. */
const STALE_AFTER_MS = 3_500

/** After this long the connection is taken for dead: a sleeping laptop hears of no end. */
const DEAD_AFTER_MS = 12_000

const RETRY_FIRST_MS = 500
const RETRY_MAX_MS = 15_000

/** The connection of one page. */
export class FeedConnection {
  readonly #store: FeedStore
  #socket: WebSocket | null = null
  #retry: ReturnType<typeof setTimeout> | undefined
  #attempts = 0
  #openedAt = 0

  constructor(store: FeedStore) {
    this.#store = store
  }

  /** Connects, and stays connected until the function that it returns is called. */
  start(): () => void {
    const watch = setInterval(() => this.#look(), 500)
    const hurry = (): void => {
      if (document.visibilityState === 'visible') this.#hurry()
    }
    addEventListener('online', hurry)
    document.addEventListener('visibilitychange', hurry)
    void this.#connect()
    return () => {
      clearInterval(watch)
      clearTimeout(this.#retry)
      removeEventListener('online', hurry)
      document.removeEventListener('visibilitychange', hurry)
      this.#drop()
    }
  }

  /** Opens a session and connects. Returns what went wrong, or an empty text. */
  async signIn(token: string): Promise<string> {
    const answer = await signIn(token)
    if (!answer.ok) return answer.status === 401 ? 'This is not the admin token.' : answer.problem
    this.#attempts = 0
    this.#store.report('connecting')
    await this.#connect()
    return ''
  }

  /** Ends the session. Returns what went wrong, or an empty text. */
  async signOut(): Promise<string> {
    const answer = await signOut()
    if (!answer.ok && answer.status !== 401) return answer.problem
    this.#drop()
    this.#store.lock()
    return ''
  }

  /** Asks about the session first: the reason for which a socket is refused cannot be read. */
  async #connect(): Promise<void> {
    clearTimeout(this.#retry)
    this.#retry = undefined
    const session = await readSession()
    if (session === null) return this.#plan()
    this.#store.setSession(session.required && session.authenticated)
    if (session.required && !session.authenticated) {
      this.#drop()
      return this.#store.lock()
    }
    this.#open()
  }

  #open(): void {
    this.#drop()
    const socket = new WebSocket(new URL('/dashboard/feed', location.href.replace(/^http/, 'ws')))
    this.#socket = socket
    this.#openedAt = Date.now()
    socket.addEventListener('message', ({ data }) => {
      if (this.#socket !== socket || typeof data !== 'string') return
      this.#attempts = 0
      this.#store.accept(JSON.parse(data) as DashboardFrame, Date.now())
    })
    socket.addEventListener('close', () => {
      if (this.#socket !== socket) return
      this.#socket = null
      this.#plan()
    })
  }

  /** Closes the socket; what it still says is not heard. */
  #drop(): void {
    const socket = this.#socket
    this.#socket = null
    socket?.close()
  }

  /** Plans the next attempt. Half of the pause is random: many pages do not come at once. */
  #plan(): void {
    const { status } = this.#store.latest
    if (status === 'locked') return
    // A worker that is replaced says goodbye; its successor is there at once, and nothing is lost.
    const isQuiet = this.#attempts === 0 && status === 'live'
    const pauseMs = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** this.#attempts)
    const waitMs = pauseMs * (0.5 + Math.random() / 2)
    this.#attempts++
    if (!isQuiet) this.#store.report('lost', Date.now() + waitMs)
    clearTimeout(this.#retry)
    this.#retry = setTimeout(() => void this.#connect(), waitMs)
  }

  /** Tries now what is planned for later. */
  #hurry(): void {
    if (this.#retry === undefined) return
    this.#attempts = 0
    void this.#connect()
  }

  /** Looks how old the newest frame is. */
  #look(): void {
    if (this.#socket === null) return
    const heardAt = Math.max(this.#store.latest.receivedAt, this.#openedAt)
    const silentMs = Date.now() - heardAt
    if (silentMs > DEAD_AFTER_MS) {
      this.#drop()
      this.#plan()
    } else if (silentMs > STALE_AFTER_MS && this.#store.latest.status === 'live') {
      this.#store.report('stale')
    }
  }
}
