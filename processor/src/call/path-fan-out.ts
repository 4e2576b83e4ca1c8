import { IDENTIFIER } from './path-template.ts';

/** More different children than this under one prefix are members of a collection, not names of resources. */
export const MAX_CHILDREN = 50;

/** Wide positions kept per service; what comes beyond them meets the cap on endpoints. */
const MAX_WIDE_POSITIONS = 500;

/** What must be kept of a `PathFanOut`: prefix and the children that keep their names there. */
export type WidePositions = [prefix: string, collections: string[]][];

/**
 * Finds the positions in a service's paths that hold identifiers which no look at one path can tell from names
 * (`/shops/antwerp`, `/~alice`): the prefixes with more than MAX_CHILDREN different children. A child below which
 * identifiers were seen directly is a collection (`/v1/orders/{id}`) and keeps its name.
 */
export class PathFanOut {
  readonly #children = new Map<string, Set<string>>();
  readonly #wide = new Map<string, Set<string>>();

  /** The template with the segments at wide positions replaced. */
  apply(template: string): string {
    if (this.#wide.size === 0) return template;
    let prefix = '';
    for (const segment of segmentsOf(template)) {
      const collections = this.#wide.get(prefix);
      prefix += `/${collections === undefined || collections.has(segment) ? segment : IDENTIFIER}`;
    }
    return prefix === '' ? '/' : prefix;
  }

  /** Counts the children of a template that `apply` gave; true when a position has become wide by it. */
  learn(template: string): boolean {
    let prefix = '';
    let hasWidened = false;
    for (const segment of segmentsOf(template)) {
      let children = this.#children.get(prefix);
      if (children === undefined) this.#children.set(prefix, (children = new Set()));
      children.add(segment);
      if (this.#isTooWide(prefix, children)) {
        this.#widen(prefix, children);
        hasWidened = true;
      }
      prefix += `/${segment}`;
    }
    return hasWidened;
  }

  /** Begins counting anew; wide positions stay. */
  forgetChildren(): void {
    this.#children.clear();
  }

  snapshot(): WidePositions {
    return [...this.#wide].map(([prefix, collections]) => [prefix, [...collections]]);
  }

  restore(positions: WidePositions): void {
    this.#wide.clear();
    for (const [prefix, collections] of positions) this.#wide.set(prefix, new Set(collections));
  }

  #isTooWide(prefix: string, children: ReadonlySet<string>): boolean {
    const named = children.size - (children.has(IDENTIFIER) ? 1 : 0);
    return named > MAX_CHILDREN && !this.#wide.has(prefix) && this.#wide.size < MAX_WIDE_POSITIONS;
  }

  #widen(prefix: string, children: ReadonlySet<string>): void {
    const isCollection = (child: string): boolean => this.#children.get(`${prefix}/${child}`)?.has(IDENTIFIER) === true;
    this.#wide.set(prefix, new Set([...children].filter(isCollection)));
  }
}

function segmentsOf(template: string): string[] {
  return template.split('/').filter((segment) => segment !== '');
}
