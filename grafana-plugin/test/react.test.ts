import React from 'react';
import ReactDOM from 'react-dom';

declare const REACT: string | undefined;
const wanted = typeof REACT === 'undefined' ? '19' : REACT;

test(`these tests run with React ${wanted}`, () => {
  expect([React.version, ReactDOM.version].map((version) => version.split('.')[0])).toEqual([wanted, wanted]);
});
