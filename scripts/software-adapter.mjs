/**
 * A WebGPU device and a browser without a graphics card: SwiftShader and headless Chromium out of the npm package
 * `@sparticuz/chromium`, unpacked to build/software-adapter.
 *
 * Set HEDDLE_ADAPTER=system to leave the software adapter out and use the machine's own card.
 */
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { createBrotliDecompress } from 'node:zlib';
import { extract } from 'tar-fs';
import { ROOT, writeChanged } from './files.mjs';

const PACKAGE = resolve(dirname(fileURLToPath(import.meta.resolve('@sparticuz/chromium'))), '../..');
const BIN = join(PACKAGE, 'bin');
const CACHE = join(ROOT, 'build/software-adapter');

/** The package holds programs for 64-bit Linux on Intel and AMD only. */
export const softwareAdapterSupported = process.platform === 'linux' && process.arch === 'x64';

/** Whether Node processes are to be started on the software adapter here. */
export const softwareAdapterWanted = softwareAdapterSupported && process.env['HEDDLE_ADAPTER'] !== 'system';

/**
 * The variables that make Dawn find SwiftShader. They are read when a process starts, so give them to a child process:
 * setting them in `process.env` is too late.
 *
 * @returns {Promise<Record<string, string>>} empty where the software adapter is not wanted or not available
 */
export async function softwareEnvironment() {
  if (!softwareAdapterWanted) return {};
  const folder = await unpacked('swiftshader', [['swiftshader.tar.br', '.']]);
  return {
    LD_LIBRARY_PATH: withLibraryPath(folder),
    VK_DRIVER_FILES: join(folder, 'vk_swiftshader_icd.json'),
    XDG_RUNTIME_DIR: await runtimeFolder(),
  };
}

/**
 * Headless Chromium, ready to be started.
 *
 * @returns {Promise<{ executable: string, args: string[], env: Record<string, string> }>} the program, the arguments that
 *   give it WebGPU on SwiftShader, and the variables it needs beside those of this process
 */
export async function softwareChromium() {
  if (!softwareAdapterSupported) {
    throw new Error(`the packaged Chromium runs on linux x64 only; this is ${process.platform} ${process.arch}`);
  }
  const folder = await unpacked('chromium', [
    ['chromium.br', 'chromium'],
    ['swiftshader.tar.br', '.'],
    ['al2023.tar.br', '.'],
    ['fonts.tar.br', 'fontconfig'],
  ]);
  return {
    executable: join(folder, 'chromium'),
    args: [
      '--no-sandbox',
      '--enable-unsafe-webgpu',
      '--use-webgpu-adapter=swiftshader',
      '--disable-dev-shm-usage',
      '--font-render-hinting=none',
      '--no-default-browser-check',
      '--no-pings',
    ],
    env: {
      LD_LIBRARY_PATH: withLibraryPath(join(folder, 'lib')),
      FONTCONFIG_FILE: process.env['FONTCONFIG_FILE'] ?? (await fontsFile(join(folder, 'fontconfig/fonts'))),
      XDG_RUNTIME_DIR: await runtimeFolder(),
      // without one, pages read a navigator.language that Intl refuses
      LANG: 'en_US.UTF-8',
    },
  };
}

/** Path of the unpacked Chromium. */
export async function chromiumExecutable() {
  return (await softwareChromium()).executable;
}

/**
 * Unpacks archives of the package into one folder, once. It is filled beside its place and renamed, so that it is complete
 * when it is there, even with several processes at it.
 *
 * @param {string} name
 * @param {readonly (readonly [archive: string, to: string])[]} archives a `.tar.br` goes to a folder, another `.br` to a file
 * @returns {Promise<string>} the folder
 */
async function unpacked(name, archives) {
  const { version } = JSON.parse(await readFile(join(PACKAGE, 'package.json'), 'utf8'));
  const folder = join(CACHE, `${name}-${version}`);
  if (existsSync(folder)) return folder;
  const beside = `${folder}.${process.pid}.tmp`;
  await rm(beside, { recursive: true, force: true });
  await mkdir(beside, { recursive: true });
  try {
    for (const [archive, to] of archives) {
      const path = join(beside, to);
      const target = archive.endsWith('.tar.br') ? extract(path) : createWriteStream(path, { mode: 0o755 });
      await pipeline(createReadStream(join(BIN, archive)), createBrotliDecompress(), target);
    }
    await rename(beside, folder);
  } catch (error) {
    await rm(beside, { recursive: true, force: true });
    // Another process may have been first; its folder is as good as ours.
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

/**
 * A configuration that knows the fonts of the package and those of the system: a page with text and no font at all ends
 * the browser, and the package's own file looks where a cloud function has its fonts.
 *
 * @param {string} folder the package's fonts
 */
async function fontsFile(folder) {
  const path = join(CACHE, 'fonts.conf');
  const folders = [folder, '/usr/share/fonts', '/usr/local/share/fonts'].map((dir) => `<dir>${dir}</dir>`);
  const cache = `<cachedir>${join(CACHE, 'fonts-cache')}</cachedir>`;
  const head = '<?xml version="1.0"?>\n<!DOCTYPE fontconfig SYSTEM "fonts.dtd">\n';
  await writeChanged(path, `${head}<fontconfig>${folders.join('')}${cache}</fontconfig>\n`);
  return path;
}

/** @param {string} folder */
function withLibraryPath(folder) {
  const rest = (process.env['LD_LIBRARY_PATH'] ?? '').split(':').filter((path) => path !== '' && path !== folder);
  return [folder, ...rest].join(':');
}

/** The folder sockets go to; Vulkan's loader complains when there is none. */
async function runtimeFolder() {
  const given = process.env['XDG_RUNTIME_DIR'];
  if (given !== undefined && existsSync(given)) return given;
  const folder = join(CACHE, 'runtime');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return folder;
}
