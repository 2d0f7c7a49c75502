/** A script or a style sheet as one minified string: see scripts/inline.mjs. */
declare module '*?inline' {
  const text: string;
  export default text;
}
