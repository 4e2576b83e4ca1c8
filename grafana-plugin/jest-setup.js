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
for (const [owner, name, value] of [
  [HTMLElement, 'offsetWidth', 1200],
  [HTMLElement, 'offsetHeight', 600],
  [Element, 'clientWidth', 1200],
  [Element, 'clientHeight', 600],
]) {
  Object.defineProperty(owner.prototype, name, { configurable: true, get: () => value });
}
URL.canParse ??= (url, base) => {
  try {
    return new URL(url, base) !== undefined;
  } catch {
    return false;
  }
};
// Comboboxes measure their options.
HTMLCanvasElement.prototype.getContext = () => ({ measureText: (text) => ({ width: 7 * text.length }) });
globalThis.IntersectionObserver ??= globalThis.ResizeObserver;
