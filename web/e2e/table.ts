/** The comparisons of a run as a table for people and as JSON for programs, in `results/`. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { isWithinTolerance, type Comparison } from './compare.ts';

const FOLDER = path.join(import.meta.dirname, 'results');

export interface Row extends Comparison {
  readonly scenario: string;
}

/** Prints the table and writes it to `results/<name>.txt` and `.json`. */
export async function publish(name: string, rows: readonly Row[]): Promise<void> {
  const text = format(rows);
  console.log(`\n${text}`);
  await mkdir(FOLDER, { recursive: true });
  await writeFile(path.join(FOLDER, `${name}.txt`), `${text}\n`);
  await writeFile(path.join(FOLDER, `${name}.json`), `${JSON.stringify(rows, undefined, 2)}\n`);
}

/** Figures that are 0 on both sides are left out: most sessions have no seek, no pause, no end. */
export function format(rows: readonly Row[]): string {
  const cells = rows
    .filter((row) => row.truth !== 0 || row.summary !== 0)
    .map((row) => [
      row.scenario,
      row.figure,
      String(row.truth),
      String(row.summary),
      signed(row.difference),
      `± ${row.tolerance}`,
      isWithinTolerance(row) ? '' : 'OFF',
    ]);
  const header = ['scenario', 'figure', 'truth', 'summary', 'difference', 'allowed', ''];
  const table = [header, ...cells];
  const widths = header.map((_, column) => Math.max(...table.map((line) => line[column]?.length ?? 0)));
  return table.map((line) => aligned(line, widths)).join('\n');
}

/** Names to the left, numbers to the right. */
function aligned(line: readonly string[], widths: readonly number[]): string {
  const cells = line.map((cell, column) => {
    const width = widths[column] ?? 0;
    return column < 2 ? cell.padEnd(width) : cell.padStart(width);
  });
  return cells.join('  ').trimEnd();
}

function signed(value: number): string {
  return value > 0 ? `+${value}` : String(value);
}
