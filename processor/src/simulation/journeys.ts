import type { EndpointName } from './endpoints.ts';
import type { Role } from './users.ts';

/** Where people go next: weights of the step from one page to another. `start` opens a session, `end` leaves. */
export type Walk = {
  readonly [page in EndpointName | 'start']?: { readonly [next in EndpointName | 'end']?: number };
};

const HOME = 'GET /api/v1/home';
const CATEGORY = 'GET /api/v1/categories/{category}';
const PRODUCT = 'GET /api/v1/products/{product}';
const SEARCH = 'GET /search';
const CART = 'GET /api/v1/cart';
const ADD = 'POST /api/v1/cart/items';
const CHECKOUT = 'POST /api/v1/checkout';
const PAYMENT = 'POST /api/v1/checkout/{checkout}/payment';
const CONFIRM = 'POST /api/v1/checkout/{checkout}/confirm';
const ORDERS = 'GET /api/v1/orders';
const ORDER = 'GET /api/v1/orders/{order}';
const ME = 'GET /api/v1/me';
const TICKETS = 'GET /api/v1/backoffice/tickets';
const TICKET = 'GET /api/v1/backoffice/tickets/{ticket}';
const CUSTOMERS = 'GET /api/v1/backoffice/customers';
const CUSTOMER = 'GET /api/v1/backoffice/customers/{customer}';
const CUSTOMER_ORDERS = 'GET /api/v1/backoffice/customers/{customer}/orders';
const DASHBOARD = 'GET /api/v1/backoffice/dashboard';
const REPORT = 'GET /api/v1/backoffice/reports/{report}';
const EXPORT = 'GET /api/v1/backoffice/reports/{report}/export';
const STOCK_LIST = 'GET /api/v1/backoffice/products';
const EDIT = 'PUT /api/v1/products/{product}';
const MEDIA = 'POST /api/v1/products/{product}/media';
const ADMIN_USERS = 'GET /api/v1/admin/users';
const ADMIN_USER = 'GET /api/v1/admin/users/{account}';
const SETTINGS = 'GET /api/v1/admin/settings';

const SHOPPING: Walk = {
  start: { [HOME]: 60, [PRODUCT]: 14, [ORDERS]: 14, [SEARCH]: 12 },
  [HOME]: { [CATEGORY]: 30, [SEARCH]: 30, [PRODUCT]: 18, [CART]: 4, [ORDERS]: 6, [ME]: 2, end: 10 },
  [CATEGORY]: { [PRODUCT]: 62, [CATEGORY]: 18, [SEARCH]: 8, [HOME]: 4, end: 8 },
  [SEARCH]: { [PRODUCT]: 58, [SEARCH]: 26, [CATEGORY]: 6, end: 10 },
  [PRODUCT]: {
    [PRODUCT]: 24,
    [ADD]: 14,
    [SEARCH]: 16,
    [CATEGORY]: 14,
    'GET /search/similar/{product}': 10,
    [HOME]: 4,
    [CART]: 4,
    'POST /api/v1/products/{product}/reviews': 0.8,
    end: 13,
  },
  'GET /search/similar/{product}': { [PRODUCT]: 80, [SEARCH]: 10, end: 10 },
  'POST /api/v1/products/{product}/reviews': { [HOME]: 40, [PRODUCT]: 30, end: 30 },
  [ADD]: { [CART]: 50, [PRODUCT]: 22, [SEARCH]: 14, [CATEGORY]: 8, end: 6 },
  [CART]: { [CHECKOUT]: 40, [PRODUCT]: 18, 'DELETE /api/v1/cart/items/{item}': 12, [SEARCH]: 10, [HOME]: 6, end: 14 },
  'DELETE /api/v1/cart/items/{item}': { [CART]: 80, [SEARCH]: 10, end: 10 },
  [CHECKOUT]: { [PAYMENT]: 66, 'POST /api/v1/checkout/{checkout}/coupon': 16, [CART]: 8, end: 10 },
  'POST /api/v1/checkout/{checkout}/coupon': { [PAYMENT]: 74, 'POST /api/v1/checkout/{checkout}/coupon': 14, end: 12 },
  [PAYMENT]: { [CONFIRM]: 90, [PAYMENT]: 4, [CART]: 3, end: 3 },
  [CONFIRM]: { [ORDER]: 48, [HOME]: 12, end: 40 },
  [ORDERS]: { [ORDER]: 70, [ORDERS]: 6, [HOME]: 8, end: 16 },
  [ORDER]: {
    [ORDERS]: 20,
    'GET /api/v1/orders/{order}/invoice': 16,
    'POST /api/v1/orders/{order}/cancel': 3,
    [ORDER]: 8,
    [PRODUCT]: 12,
    [HOME]: 10,
    end: 31,
  },
  'GET /api/v1/orders/{order}/invoice': { [ORDERS]: 34, [ORDER]: 16, 'GET /api/v1/orders/{order}/invoice': 6, end: 44 },
  'POST /api/v1/orders/{order}/cancel': { [ORDER]: 60, [ORDERS]: 20, end: 20 },
  [ME]: {
    'GET /api/v1/me/addresses': 30,
    'GET /api/v1/me/payment-methods': 24,
    'PATCH /api/v1/me': 16,
    [ORDERS]: 14,
    end: 16,
  },
  'GET /api/v1/me/addresses': { [ME]: 50, 'PATCH /api/v1/me': 20, end: 30 },
  'GET /api/v1/me/payment-methods': { [ME]: 50, [HOME]: 20, end: 30 },
  'PATCH /api/v1/me': { [ME]: 60, [HOME]: 10, end: 30 },
};

const EDITING: Walk = {
  start: { [STOCK_LIST]: 80, [SEARCH]: 20, [REPORT]: 0.8 },
  [STOCK_LIST]: { [PRODUCT]: 66, [STOCK_LIST]: 16, 'POST /api/v1/products': 10, [SEARCH]: 4, end: 4 },
  [SEARCH]: { [PRODUCT]: 70, [SEARCH]: 20, end: 10 },
  [PRODUCT]: { [EDIT]: 54, [MEDIA]: 10, [STOCK_LIST]: 18, [PRODUCT]: 14, end: 4 },
  [EDIT]: { [PRODUCT]: 44, [MEDIA]: 16, [STOCK_LIST]: 32, [EDIT]: 4, end: 4 },
  [MEDIA]: { [MEDIA]: 34, [EDIT]: 22, [PRODUCT]: 26, [STOCK_LIST]: 14, end: 4 },
  'POST /api/v1/products': { [MEDIA]: 60, [EDIT]: 24, [STOCK_LIST]: 12, end: 4 },
};

const SUPPORTING: Walk = {
  // Now and then somebody follows a link to a page of another department and is refused.
  start: { [TICKETS]: 90, [CUSTOMERS]: 10, [DASHBOARD]: 0.6 },
  [TICKETS]: { [TICKET]: 86, [TICKETS]: 6, [CUSTOMERS]: 4, end: 4 },
  [TICKET]: {
    [CUSTOMER]: 34,
    'POST /api/v1/backoffice/tickets/{ticket}/replies': 36,
    [CUSTOMERS]: 10,
    [TICKETS]: 18,
    end: 2,
  },
  'POST /api/v1/backoffice/tickets/{ticket}/replies': { [TICKETS]: 84, [TICKET]: 10, end: 6 },
  [CUSTOMERS]: { [CUSTOMER]: 78, [CUSTOMERS]: 16, [TICKETS]: 4, end: 2 },
  [CUSTOMER]: {
    [CUSTOMER_ORDERS]: 62,
    'POST /api/v1/backoffice/tickets/{ticket}/replies': 18,
    [TICKETS]: 12,
    [CUSTOMERS]: 6,
    end: 2,
  },
  [CUSTOMER_ORDERS]: {
    [ORDER]: 40,
    'POST /api/v1/backoffice/tickets/{ticket}/replies': 34,
    'POST /api/v1/backoffice/orders/{order}/refund': 6,
    [TICKETS]: 18,
    end: 2,
  },
  [ORDER]: {
    'POST /api/v1/backoffice/tickets/{ticket}/replies': 52,
    'POST /api/v1/backoffice/orders/{order}/refund': 12,
    [CUSTOMER_ORDERS]: 14,
    [TICKETS]: 20,
    end: 2,
  },
  'POST /api/v1/backoffice/orders/{order}/refund': {
    'POST /api/v1/backoffice/tickets/{ticket}/replies': 80,
    [TICKETS]: 18,
    end: 2,
  },
};

const MANAGING: Walk = {
  start: { [DASHBOARD]: 100 },
  [DASHBOARD]: { [REPORT]: 62, [DASHBOARD]: 16, [CUSTOMERS]: 6, end: 16 },
  [REPORT]: { [REPORT]: 44, [EXPORT]: 14, [DASHBOARD]: 28, end: 14 },
  [EXPORT]: { [REPORT]: 40, [DASHBOARD]: 34, end: 26 },
  [CUSTOMERS]: { [CUSTOMER]: 70, [DASHBOARD]: 20, end: 10 },
  [CUSTOMER]: { [CUSTOMER_ORDERS]: 50, [CUSTOMERS]: 20, [DASHBOARD]: 24, end: 6 },
  [CUSTOMER_ORDERS]: { [CUSTOMER]: 20, [DASHBOARD]: 60, end: 20 },
};

const ADMINISTERING: Walk = {
  start: { [ADMIN_USERS]: 56, 'GET /api/v1/admin/audit': 20, [SETTINGS]: 14, [DASHBOARD]: 10 },
  [ADMIN_USERS]: { [ADMIN_USER]: 76, [ADMIN_USERS]: 14, end: 10 },
  [ADMIN_USER]: {
    'PUT /api/v1/admin/users/{account}/roles': 20,
    [ADMIN_USERS]: 50,
    'GET /api/v1/admin/audit': 14,
    end: 16,
  },
  'PUT /api/v1/admin/users/{account}/roles': { [ADMIN_USER]: 60, [ADMIN_USERS]: 30, end: 10 },
  'GET /api/v1/admin/audit': { 'GET /api/v1/admin/audit': 46, [ADMIN_USER]: 24, [SETTINGS]: 6, end: 24 },
  [SETTINGS]: { 'PUT /api/v1/admin/settings/{setting}': 34, [ADMIN_USERS]: 30, end: 36 },
  'PUT /api/v1/admin/settings/{setting}': { [SETTINGS]: 80, end: 20 },
  [DASHBOARD]: { [REPORT]: 50, [ADMIN_USERS]: 30, end: 20 },
  [REPORT]: { [DASHBOARD]: 50, [ADMIN_USERS]: 20, end: 30 },
};

/** The walk of each role. */
export const WALKS: Readonly<Record<Role, Walk>> = {
  reader: SHOPPING,
  editor: EDITING,
  support: SUPPORTING,
  manager: MANAGING,
  admin: ADMINISTERING,
};

/** What a page loads beside itself, with the share of visits that do. */
export const COMPANIONS: { readonly [page in EndpointName]?: readonly (readonly [EndpointName, number])[] } = {
  [HOME]: [
    [CART, 0.5],
    [ME, 0.35],
  ],
  [PRODUCT]: [
    ['GET /api/v1/products/{product}/stock', 0.85],
    ['GET /api/v1/products/{product}/reviews', 0.4],
  ],
  [SEARCH]: [['GET /search/suggest', 0.8]],
  [CHECKOUT]: [
    ['GET /api/v1/me/addresses', 0.8],
    ['GET /api/v1/me/payment-methods', 0.8],
  ],
};
