/** When a gateway was last heard, and who waits to hear it. */
export class SignsOfLife {
  #heardAt: number
  /** Made when somebody waits: on the path of every frame it is one comparison. */
  #waiting: ((isAlive: boolean) => void)[] | undefined

  /** @param now milliseconds from any fixed moment; never goes back */
  constructor(now: number) {
    this.#heardAt = now
  }

  get heardAt(): number {
    return this.#heardAt
  }

  heard(now: number): void {
    this.#heardAt = now
    if (this.#waiting !== undefined) this.#tell(true)
  }

  /** @returns whether the next sign comes within this time */
  async next(withinMs: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const timer = setTimeout(resolve, withinMs, false)
    this.#waiting ??= []
    this.#waiting.push(resolve)
    const isAlive = await promise
    clearTimeout(timer)
    return isAlive
  }

  /** No more will come. */
  end(): void {
    this.#tell(false)
  }

  #tell(isAlive: boolean): void {
    const waiting = this.#waiting ?? []
    this.#waiting = undefined
    for (const resolve of waiting) resolve(isAlive)
  }
}
