import type { Both } from '../language/language.ts';
import { both, html, type Markup } from '../view/html.ts';

/** A part of the page under a heading of the second order. */
export const section = (id: string, title: Both<string>, content: Markup): Markup =>
  html`<section aria-labelledby="${id}"><h2 id="${id}">${both(title)}</h2>
${content}
</section>
`;
