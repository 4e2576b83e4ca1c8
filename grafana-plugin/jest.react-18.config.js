/** The same tests with React 18, which Grafana before 13.2 gives its plugins: npm run test:react-18. */
const base = require('./jest.config');

module.exports = {
  ...base,
  moduleNameMapper: {
    ...base.moduleNameMapper,
    '^react$': 'react-18',
    '^react/(.*)$': 'react-18/$1',
    '^react-dom$': 'react-dom-18',
    '^react-dom/(.*)$': 'react-dom-18/$1',
  },
  globals: { REACT: '18' },
};
