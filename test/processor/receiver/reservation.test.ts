import { Reservation } from '../../../processor/src/receiver/reservation.ts';
import { CountedBudget } from './running-receiver.ts';

test('a reservation gives back exactly what it took, once', () => {
  const budget = new CountedBudget(100);
  const other = new Reservation(budget);
  const reservation = new Reservation(budget);
  expect(other.add(10)).toBe(true);
  expect(reservation.add(60)).toBe(true);
  expect(reservation.add(31)).toBe(false);
  reservation.subtract(20);
  expect(reservation.add(30)).toBe(true);
  expect(budget.held).toBe(80);
  reservation.release();
  reservation.release();
  expect(budget.held).toBe(10);
});

test('after its release a reservation takes and gives nothing more', () => {
  const budget = new CountedBudget(100);
  const reservation = new Reservation(budget);
  reservation.add(10);
  reservation.release();
  expect(reservation.add(1)).toBe(false);
  reservation.subtract(5);
  expect(reservation.released).toBe(true);
  expect(budget.held).toBe(0);
});
