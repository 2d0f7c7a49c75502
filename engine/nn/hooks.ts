import { adopt, currentScope, type Owned, type Scope } from '../memory.ts';

/** All that hooks ask of a module. */
export interface HookedModule {
  forward(...inputs: never[]): unknown;
}

/** What `forward` of a module takes, and gives. */
export type HookInputs<M extends HookedModule> = M extends { forward(...inputs: infer I): unknown }
  ? I
  : readonly unknown[];
export type HookOutput<M extends HookedModule> = M extends { forward(...inputs: never[]): infer O } ? O : unknown;

/** Sees a module, its inputs and its output; what it returns, if anything, takes the place of the output. */
export type ForwardHook<M extends HookedModule = HookedModule> = (
  module: M,
  inputs: HookInputs<M>,
  output: HookOutput<M>,
  // biome-ignore lint/suspicious/noConfusingVoidType: most hooks only look, and return nothing
) => HookOutput<M> | undefined | void;

/** Sees a module and its inputs; what it returns, if anything, takes their place. */
export type ForwardPreHook<M extends HookedModule = HookedModule> = (
  module: M,
  inputs: HookInputs<M>,
  // biome-ignore lint/suspicious/noConfusingVoidType: most hooks only look, and return nothing
) => readonly HookInputs<M>[number][] | undefined | void;

/** The handle of a hook: the scope that it was registered in ends it, or `dispose()`. */
class Handle implements Owned, Disposable {
  owner: Scope | null = null;
  readonly #remove: () => void;

  constructor(remove: () => void) {
    this.#remove = remove;
    adopt(this, currentScope());
  }

  dispose(): void {
    this.owner?.remove(this);
    this.owner = null;
    this.#remove();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

type Hook = (...args: unknown[]) => unknown;

/** The hooks of one module, in the order they came. */
export class Hooks {
  readonly #hooks = { before: new Set<Hook>(), after: new Set<Hook>() };

  add(when: 'before' | 'after', hook: Hook): Handle {
    // A function of its own, so that one hook registered twice runs twice.
    const own: Hook = (...args) => hook(...args);
    this.#hooks[when].add(own);
    return new Handle(() => this.#hooks[when].delete(own));
  }

  /** Runs `forward` with the hooks around it. */
  run(module: HookedModule, inputs: readonly unknown[], forward: (inputs: readonly unknown[]) => unknown): unknown {
    let given = inputs;
    for (const hook of [...this.#hooks.before]) given = (hook(module, given) as typeof given | undefined) ?? given;
    let output = forward(given);
    for (const hook of [...this.#hooks.after]) output = hook(module, given, output) ?? output;
    return output;
  }
}
