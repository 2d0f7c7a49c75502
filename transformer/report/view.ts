/** How a reader looks at a page: what stands at the top of the window, and what the switches say. */
interface View {
  /** The heading last passed, and how far it is above the window; null at the top of the page. */
  readonly heading: { readonly id: string; readonly top: number } | null;
  /** In the order of the page. */
  readonly controls: readonly (string | boolean)[];
}

type Control = HTMLInputElement | HTMLSelectElement;

const KEY = `heddle-view ${location.pathname}`;

const controls = (): Control[] => [...document.querySelectorAll<Control>('form input, form select')];

/** Keeps the view over the reloads of a page that shows a run while it goes on. */
export function rememberView(): void {
  try {
    const saved = JSON.parse(sessionStorage.getItem(KEY) ?? 'null') as View | null;
    if (saved !== null) restore(saved);
    addEventListener('pagehide', () => sessionStorage.setItem(KEY, JSON.stringify(current())));
  } catch {
    // A page from a file may have no storage; then it begins at its top.
  }
}

function current(): View {
  const passed = [...document.querySelectorAll('h2')].filter((h) => h.getBoundingClientRect().top < 0).pop();
  return {
    heading: passed === undefined ? null : { id: passed.id, top: passed.getBoundingClientRect().top },
    controls: controls().map((control) => (control instanceof HTMLInputElement ? control.checked : control.value)),
  };
}

function restore({ heading, controls: values }: View): void {
  const all = controls();
  // other switches by now, as when the first validation is there: those of the page hold
  if (all.length === values.length) {
    for (const [i, control] of all.entries()) {
      const value = values[i]!;
      if (control instanceof HTMLInputElement) control.checked = value === true;
      else control.value = String(value);
    }
    for (const form of document.querySelectorAll('form')) form.dispatchEvent(new Event('change'));
  }
  if (heading === null) return;
  const place = document.getElementById(heading.id)?.getBoundingClientRect().top;
  if (place !== undefined) scrollBy({ top: place - heading.top, behavior: 'instant' });
}
