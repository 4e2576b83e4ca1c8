import { render, screen } from '@testing-library/react';
import React from 'react';
import { RowTable } from '../../src/panel/RowTable';

const rows = Array.from({ length: 10_000 }, (_, index) => ({ id: String(index) }));

test('of ten thousand rows only those in sight are drawn, and all are counted', () => {
  render(
    <RowTable
      label="Rows"
      testId="rows"
      rows={rows}
      keyOf={({ id }) => id}
      rowHeight={30}
      columns={[{ header: 'Id', width: '1fr', cell: ({ id }) => id }]}
    />,
  );
  expect(screen.getByRole('table', { name: 'Rows' })).toHaveAttribute('aria-rowcount', '10001');
  const drawn = screen.getAllByRole('row').length;
  expect(drawn).toBeGreaterThan(15);
  expect(drawn).toBeLessThan(60);
});
