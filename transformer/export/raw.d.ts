/** A file as text, just as it is: see scripts/inline.mjs. */
declare module '*?raw' {
  const text: string;
  export default text;
}
