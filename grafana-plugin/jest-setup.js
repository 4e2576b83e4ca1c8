import './.config/jest-setup';

// What jsdom lacks: react-dom/server wants a MessageChannel, virtualised lists a size.
if (globalThis.MessageChannel === undefined) {
  globalThis.MessageChannel = class {
    constructor() {
      this.port1 = { onmessage: null, close() {} };
      this.port2 = { postMessage: (data) => setTimeout(() => this.port1.onmessage?.({ data }), 0), close() {} };
    }
  };
}
globalThis.ResizeObserver ??= class {
  observe() {}
  unobserve() {}
  disconnect() {}
};
for (const [name, value] of [
  ['offsetWidth', 1200],
  ['offsetHeight', 600],
]) {
  Object.defineProperty(HTMLElement.prototype, name, { configurable: true, get: () => value });
}
