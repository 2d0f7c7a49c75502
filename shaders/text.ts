/**
 * The text of shaders that lies apart from them. Here and in a bundle each shader holds its own and nothing is to be done;
 * among the modules of the package, `scripts/package.mjs` puts in its place what loads all texts.
 */
export async function loadTexts(): Promise<void> {}
