import { type Both, TAGS } from '../language/language.ts';

/** Text that is HTML already. Everything else that goes into `html` is escaped. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Content = Markup | string | number | null | readonly Content[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Safe in element content and in quoted attributes. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (c) => ENTITIES[c]!);

function render(content: Content): string {
  if (content === null) return '';
  if (content instanceof Markup) return content.text;
  return typeof content === 'object' ? content.map(render).join('') : escapeHtml(String(content));
}

/** A template whose values are escaped, unless they are markup themselves. */
export const html = (parts: TemplateStringsArray, ...values: readonly Content[]): Markup =>
  new Markup(parts.reduce((text, part, i) => text + render(values[i - 1] ?? null) + part));

/** Text in both languages; the style sheet shows the one that is chosen. */
export const both = (text: Both<Content>): Markup =>
  html`<span lang="${TAGS.en}">${text.en}</span><span lang="${TAGS.zh}">${text.zh}</span>`;

/** Data for a script: no sentence in it can end the element or start a comment. */
export function jsonScript(id: string, data: unknown): Markup {
  const json = JSON.stringify(data).replace(/[<>&\u2028\u2029]/g, (c) => {
    return `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return new Markup(`<script type="application/json" id="${escapeHtml(id)}">${json}</script>`);
}
