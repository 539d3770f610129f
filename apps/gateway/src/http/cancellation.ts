/** What an exchange needs of an AbortSignal. */
export interface CancelSignal {
  readonly aborted: boolean
  addEventListener(type: 'abort', listener: () => void): void
  removeEventListener(type: 'abort', listener: () => void): void
}

/** Of one review, which has one exchange after the other: one listens at a time. */
export class Cancellation implements CancelSignal {
  aborted = false
  #listener: (() => void) | undefined

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listener = listener
  }

  removeEventListener(): void {
    this.#listener = undefined
  }

  cancel(): void {
    if (this.aborted) return
    this.aborted = true
    this.#listener?.()
  }
}
