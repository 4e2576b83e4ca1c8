/** One section of the results page. */
export interface EvaluationSection {
  readonly title: string;
  /** Paragraphs and tables in their order. */
  readonly blocks: readonly (string | Table)[];
  /** What was asked for and what came out. */
  readonly goals: readonly Goal[];
}

export interface Table {
  readonly columns: readonly string[];
  /** As many cells a row as columns. */
  readonly rows: readonly (readonly (string | number)[])[];
}

export interface Goal {
  readonly name: string;
  readonly wanted: string;
  readonly measured: string;
  readonly isMet: boolean;
}

export interface SectionOptions {
  /** A few seconds' worth: shows that it works, the numbers mean nothing. */
  readonly quick: boolean;
}

/** As Markdown. */
export function sectionText({ title, blocks }: EvaluationSection): string {
  return [`## ${title}`, ...blocks.map((block) => (typeof block === 'string' ? block : tableText(block)))].join('\n\n');
}

/** All goals in one table, as Markdown. */
export function goalsText(goals: readonly Goal[]): string {
  const rows = goals.map(({ name, wanted, measured, isMet }) => [name, wanted, measured, isMet ? 'yes' : '**no**']);
  return `## Goals\n\n${tableText({ columns: ['', 'wanted', 'measured', 'met'], rows })}`;
}

function tableText({ columns, rows }: Table): string {
  if (rows.length === 0) return 'None.';
  return [columns, columns.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
