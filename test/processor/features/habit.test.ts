import { copyHabits, habitWords, updateHabits } from '../../../processor/src/features/habit.ts';

const DAY = 288;
/** The third of four features has none. */
const COLUMNS = Uint8Array.of(0, 1, 3);
const OFFSET = 2;

/** State of one entity, with two words of something else before its habits. */
class Diary {
  readonly words = new Uint32Array(OFFSET + habitWords(COLUMNS.length));
  readonly bytes = new Uint8Array(this.words.buffer);

  /** A window that is over: what the first feature was in it. */
  window(window: number, value: number): this {
    updateHabits(this, OFFSET, COLUMNS, Float32Array.of(value, 0, 9, value / 2), window);
    return this;
  }

  /** The habit of every feature as of a window. */
  habits(window: number): number[] {
    const row = new Float32Array(1 + 4);
    copyHabits(this, OFFSET, COLUMNS, window, row, 1);
    expect(row[1 + 2]).toBe(0);
    return [...COLUMNS].map((column) => row[1 + column]!);
  }
}

describe('a habit', () => {
  it('is how high a feature went on a second day', () => {
    const diary = new Diary().window(10 * DAY + 5, 5).window(11 * DAY + 5, 4);
    const [first, second, third] = diary.habits(12 * DAY);
    expect(first).toBeCloseTo(4, 6);
    expect(second).toBe(0);
    expect(third).toBeCloseTo(2, 6);
  });

  it('is none of one day alone, however often it happens then', () => {
    const diary = new Diary();
    for (let window = 0; window < 100; window++) diary.window(10 * DAY + window, 5);
    expect(diary.habits(10 * DAY + 200)[0]).toBe(0);
    expect(diary.habits(11 * DAY)[0]).toBe(0);
  });

  it('takes the present day in once it is over', () => {
    const diary = new Diary().window(10 * DAY, 5).window(11 * DAY, 5);
    expect(diary.habits(11 * DAY + 100)[0]).toBe(0);
    expect(diary.habits(12 * DAY)[0]).toBeCloseTo(5, 1);
  });

  it('reaches at least as high as what was seen, and less than a tenth higher', () => {
    const diary = new Diary().window(0, 4.01).window(DAY, 4.01);
    const [habit] = diary.habits(2 * DAY);
    expect(habit).toBeGreaterThanOrEqual(4.01);
    expect(habit).toBeLessThan(4.1);
  });

  it('fades by eight hundredths a day', () => {
    const diary = new Diary()
      .window(0, 4)
      .window(DAY, 4)
      .window(2 * DAY, 0.1);
    expect(diary.habits(2 * DAY)[0]).toBeCloseTo(4 - 0.08, 6);
    diary.window(12 * DAY, 0.1);
    expect(diary.habits(12 * DAY)[0]).toBeCloseTo(4 - 11 * 0.08, 6);
    diary.window(400 * DAY, 0.1);
    expect(diary.habits(400 * DAY)[0]).toBeLessThan(0.2);
  });

  it('fades whichever of the two days is the higher one', () => {
    const diary = new Diary().window(0, 5.04).window(20 * DAY, 5.04);
    expect(diary.habits(21 * DAY)[0]).toBeCloseTo(5.04 - 19 * 0.08, 5);
    expect(diary.habits(25 * DAY)[0]).toBeCloseTo(5.04 - 23 * 0.08, 5);
  });

  it('ends at the highest level: what is beyond stays odd', () => {
    const diary = new Diary().window(0, 300).window(DAY, 300);
    expect(diary.habits(2 * DAY)[0]).toBeCloseTo(255 * 0.08, 5);
  });

  it('keeps the highest of a day, late windows of earlier days among them', () => {
    const diary = new Diary()
      .window(DAY, 3)
      .window(DAY + 1, 5)
      .window(DAY + 2, 1)
      .window(0, 2)
      .window(2 * DAY, 5);
    expect(diary.habits(3 * DAY)[0]).toBeCloseTo(5, 1);
  });

  it('leaves alone what lies around it', () => {
    const diary = new Diary();
    diary.words.fill(7, 0, OFFSET);
    diary
      .window(DAY, 9)
      .window(2 * DAY, 9)
      .window(3 * DAY, 9);
    expect([...diary.words.subarray(0, OFFSET)]).toEqual([7, 7]);
  });
});
