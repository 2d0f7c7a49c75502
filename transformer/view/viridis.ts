/** Colours of a number between 0 and 1, for the attention maps of the terminal and of the report. */

/**
 * Viridis by polynomials of the sixth degree, one for each of red, green and blue, within a step or two of 255 of the
 * table. Source: the fit by Matt Zucker (shadertoy.com/view/WlfXRN), of the map by Smith and van der Walt (2015).
 */
const COEFFICIENTS: readonly (readonly [number, number, number])[] = [
  [0.2777273272234177, 0.005407344544966578, 0.3340998053353061],
  [0.1050930431085774, 1.404613529898575, 1.384590162594685],
  [-0.3308618287255563, 0.214847559468213, 0.09509516302823659],
  [-4.634230498983486, -5.799100973351585, -19.33244095627987],
  [6.228269936347081, 14.17993336680509, 56.69055260068105],
  [4.776384997670288, -13.74514537774601, -65.35303263337234],
  [-5.435455855934631, 4.645852612178535, 26.3124352495832],
];

/** Red, green and blue, 0 to 255, of `value`: dark violet at 0, green in the middle, yellow at 1. */
export function viridis(value: number): [number, number, number] {
  const t = Math.min(1, Math.max(0, value));
  const rgb = [0, 1, 2].map((channel) => {
    const y = COEFFICIENTS.reduceRight((sum, c) => sum * t + c[channel]!, 0);
    return Math.round(255 * Math.min(1, Math.max(0, y)));
  });
  return rgb as [number, number, number];
}

/** Whether white reads better than black on a colour: by its relative luminance (WCAG 2.1), split where both are equal. */
export function wantsWhite(rgb: readonly [number, number, number]): boolean {
  const [r, g, b] = rgb.map((channel) => {
    const c = channel / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b < 0.179;
}
