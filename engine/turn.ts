/** Time in milliseconds after which work that only awaits what is there already gives way to everything else. */
const PERIOD = 10;

/**
 * Runs `run` as a task of its own, after what is waiting already: in Node by `setImmediate`, which comes after input and
 * output; in a page by a message, which costs about 5 µs and is not slowed down in a hidden tab as timers are.
 * `scheduler.yield()` does not serve: Chromium runs what it continues before all timers and most frames. Looked up when
 * the module is loaded, before a test puts false timers in place.
 */
const nextTask: (run: () => void) => void = /* @__PURE__ */ (() => {
  const { setImmediate, MessageChannel, setTimeout } = globalThis as Partial<typeof globalThis>;
  if (setImmediate !== undefined) return (run) => void setImmediate(run);
  if (MessageChannel === undefined) return (run) => void setTimeout!(run, 0);
  const { port1, port2 } = new MessageChannel();
  const waiting: (() => void)[] = [];
  port1.onmessage = () => waiting.shift()?.();
  return (run) => {
    waiting.push(run);
    port2.postMessage(null);
  };
})();

let last = 0;
let underWay: Promise<void> | null = null;

/** Lets the event loop go round once: frames are drawn, timers and input are served, finalizers run. */
export const turn = (): Promise<void> =>
  (underWay ??= new Promise((resolve) => {
    nextTask(() => {
      last = performance.now();
      underWay = null;
      resolve();
    });
  }));

/**
 * `turn()` when the last one is more than 10 ms ago, else null. An await that never waits for anything keeps the event
 * loop from going round: a device whose answers are ready at once asks here before it gives them.
 */
export const turnIfDue = (): Promise<void> | null => underWay ?? (performance.now() - last < PERIOD ? null : turn());
