import { percent, say } from '../language/language.ts';
import { both, html, type Markup } from './html.ts';
import { texts } from './texts.ts';
import { viridis, wantsWhite } from './viridis.ts';

/** A generated sentence with the cross-attention behind it. */
export interface AttentionData {
  readonly source: string;
  readonly sourceTokens: readonly string[];
  /** The tokens the model wrote, with the end of sentence. */
  readonly tokens: readonly string[];
  /** `attention[layer][head][row][column]`; row: token written, column: source token. */
  readonly attention: readonly (readonly (readonly (readonly number[])[])[])[];
  /** Probability the model gave each token it wrote. */
  readonly probabilities: readonly number[];
}

/** Which weights are shown; `head` null means the mean over the heads. */
export interface AttentionChoice {
  readonly layer: number;
  readonly head: number | null;
}

/** What the decoder has read before it writes token `row`. */
export const readBefore = (data: Pick<AttentionData, 'tokens'>, row: number): string => data.tokens[row - 1] ?? '<s>';

/** `[row][column]` of one head, or the mean of the heads of a layer. */
export function chosenWeights(
  { attention }: Pick<AttentionData, 'attention'>,
  { layer, head }: AttentionChoice,
): number[][] {
  const heads = attention[layer] ?? [];
  const wanted = head === null ? heads : heads.slice(head, head + 1);
  const [first = []] = wanted;
  return first.map((row, r) =>
    row.map((_, c) => wanted.reduce((sum, weights) => sum + (weights[r]?.[c] ?? 0), 0) / wanted.length),
  );
}

/** The rows and columns of the map as a table body and head, one cell in the tab order; arrow keys need a script. */
export function attentionTable(data: AttentionData, choice: AttentionChoice): Markup {
  const weights = chosenWeights(data, choice);
  const head = data.sourceTokens.map((token) => html`<th scope="col">${token}</th>`);
  const rows = data.tokens.map((token, r) => {
    const cells = data.sourceTokens.map((_, c) => cell(weights[r]?.[c] ?? 0, r, c));
    const label = html`<small>${both(texts.reads)}</small> ${readBefore(data, r)} <span class="arrow">→</span> <small>${both(texts.predicts)}</small> <b>${token}</b>`;
    const probability = data.probabilities[r];
    return html`<tr><th scope="row">${label}</th>${cells}<td class="probability">${probability === undefined ? '' : percent(probability)}</td></tr>`;
  });
  return html`<caption class="hidden">${both(say(texts.attentionCaption.en(data.source), texts.attentionCaption.zh(data.source)))}</caption>
<thead><tr><td></td>${head}<th scope="col" class="probability">${both(texts.probability)}</th></tr></thead><tbody>${rows}</tbody>`;
}

function cell(weight: number, row: number, column: number): Markup {
  const [r, g, b] = viridis(weight);
  const ink = wantsWhite([r, g, b]) ? '#fff' : '#000';
  const tab = row === 0 && column === 0 ? 0 : -1;
  return html`<td class="weight" tabindex="${tab}" data-row="${row}" data-column="${column}" style="background:rgb(${r},${g},${b});color:${ink}">${Math.round(weight * 100)}</td>`;
}
