import type { Frame } from '@postern/protocol'

/** Something that the control plane is told of this gateway for as long as a tunnel lasts. */
export interface Announcement {
  /** Sends it now, if it is known, and whenever it changes; returns how to stop. */
  tell(send: (frame: Frame) => void): () => void
}

export interface Watched<T> {
  /** Undefined: not known yet. */
  current(): T | undefined
  /** Told of the first and of every change; returns how to stop. */
  onChange(listener: (value: T) => void): () => void
}

export function announce<T>(watched: Watched<T>, frameOf: (value: T) => Frame): Announcement {
  return {
    tell(send) {
      const known = watched.current()
      if (known !== undefined) send(frameOf(known))
      return watched.onChange((value) => send(frameOf(value)))
    },
  }
}
