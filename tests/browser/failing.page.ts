/** Fails in the ways the harness has to report. */
export default async function page(how: 'throw' | 'log' | 'hang'): Promise<string> {
  if (how === 'throw') throw new RangeError('thrown in the page');
  if (how === 'hang') await new Promise(() => {});
  console.error('logged in the page');
  await fetch('/missing.bin');
  return 'done';
}
