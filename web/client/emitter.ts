// SPDX-License-Identifier: Apache-2.0

/** Calls listeners by the name of an event; `Events` maps each name to what its listeners get. */
export class Emitter<Events extends object> {
  private readonly listeners = new Map<keyof Events, Set<(event: never) => void>>();

  /** Listens until the returned function is called. */
  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): () => void {
    const named = this.listeners.get(name) ?? new Set();
    named.add(listener);
    this.listeners.set(name, named);
    return () => void named.delete(listener);
  }

  protected emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    for (const listener of [...(this.listeners.get(name) ?? [])]) (listener as (event: Events[Name]) => void)(event);
  }
}
