import { SingleBar } from 'cli-progress';
import { duration, type Language } from '../../language/language.ts';
import type { Context } from '../context.ts';
import { columnsOf, cutTo, isInteractive, widthOf } from './terminal.ts';

/** Where progress is drawn, and in which language. */
export interface ProgressOptions {
  readonly stream: NodeJS.WriteStream;
  readonly language: Language;
  /** The word for "left", after the time. */
  readonly left: string;
  /** Milliseconds between two lines where there is no terminal. */
  readonly every?: number;
}

/** How every command draws its progress. */
export const progressOptions = ({ say, language }: Context): ProgressOptions => ({
  stream: process.stderr,
  language,
  left: say.timeLeft,
});

/**
 * Writes a line where a bar may stand: in its place, so that it is drawn below. A bar that ends goes back to where the
 * cursor was saved (`ESC 7`), which is there now.
 */
export const writeAside = (stream: NodeJS.WriteStream, text: string): void =>
  void stream.write(isInteractive(stream) ? `\r\u001b[K${text}\n\u001b7` : `${text}\n`);

const LINE_EVERY = 5000;
const WIDEST_BAR = 30;

/**
 * How far something is: a bar that is drawn over on a terminal; elsewhere, in a log, a line every few seconds and one
 * at the end. The time left follows from the speed since `start`, so a run that goes on does not count what it skipped.
 */
export class Progress {
  readonly #options: ProgressOptions;
  readonly #bar: SingleBar | null;
  readonly #title: string;
  readonly #total: number;
  readonly #from: number;
  readonly #started = performance.now();
  #value: number;
  #details = '';
  #printed = Number.NEGATIVE_INFINITY;
  #printedValue = -1;

  constructor(title: string, total: number, from: number, options: ProgressOptions) {
    this.#options = options;
    this.#title = title;
    this.#total = total;
    this.#from = from;
    this.#value = from;
    this.#bar = isInteractive(options.stream)
      ? new SingleBar({
          stream: options.stream,
          format: () => this.#drawn(),
          hideCursor: true,
          // The caller stops the bar when a signal comes.
          gracefulExit: false,
          emptyOnZero: true,
          // a line above it moves it down, though it says what it said
          forceRedraw: true,
        })
      : null;
    this.#bar?.start(total, from);
  }

  /** `details` stands behind the numbers: `loss 1.234  2,480 tokens/s`. */
  update(value: number, details: string): void {
    this.#value = value;
    this.#details = details;
    if (this.#bar !== null) {
      this.#bar.update(value);
      return;
    }
    const now = performance.now();
    if (now - this.#printed < (this.#options.every ?? LINE_EVERY)) return;
    this.#printed = now;
    this.#print();
  }

  /** Says for a moment what goes on beside: on a terminal only, in place of the details. */
  note(text: string): void {
    if (this.#bar === null) return;
    const details = this.#details;
    this.#details = text;
    this.#bar.render();
    this.#details = details;
  }

  /** Prints a line that stays: above the bar, or among the others. */
  line(text: string): void {
    writeAside(this.#options.stream, text);
    this.#bar?.render();
  }

  /** Ends the bar, or prints where it ended. */
  stop(): void {
    if (this.#bar !== null) this.#bar.stop();
    else if (Number.isFinite(this.#printed) && this.#printedValue !== this.#value) this.#print();
  }

  #print(): void {
    this.#printedValue = this.#value;
    this.#options.stream.write(`${this.#parts().join('  ')}\n`);
  }

  #parts(): string[] {
    const parts = [`${this.#title} ${this.#value}/${this.#total}`];
    if (this.#details) parts.push(this.#details);
    const left = this.#left();
    if (left) parts.push(left);
    return parts;
  }

  /** `3 min 5 s left`, once there is something to reckon from. */
  #left(): string {
    const done = this.#value - this.#from;
    if (done === 0 || this.#value >= this.#total) return '';
    const seconds = ((performance.now() - this.#started) / 1000 / done) * (this.#total - this.#value);
    return `${duration(seconds)[this.#options.language]} ${this.#options.left}`;
  }

  /** The whole line; the bar takes what the words leave. */
  #drawn(): string {
    const [head = '', ...rest] = this.#parts();
    const words = ` ${rest.join('  ')}`;
    const room = columnsOf(this.#options.stream) - 1;
    const size = Math.min(WIDEST_BAR, room - widthOf(head) - widthOf(words) - 3);
    const share = this.#total > 0 ? this.#value / this.#total : 1;
    const bar = size < 5 ? '' : ` ${'█'.repeat(Math.round(share * size)).padEnd(size, '░')} `;
    return cutTo(`${head}${bar}${words}`, room);
  }
}
