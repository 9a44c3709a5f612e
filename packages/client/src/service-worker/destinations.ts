import type { NotificationClick } from './notification-click.ts';

type Data = NotificationClick['data'];

const HOME = '/';

const pageOf = (folder: string, id: string | undefined): string =>
  id === undefined || id === '' ? HOME : `/${folder}/${encodeURIComponent(id)}`;

const chat = ({ chatId }: Data): string => pageOf('chat', chatId);
const order = ({ orderId }: Data): string => pageOf('orders', orderId);

const BY_ACTION: ReadonlyMap<string, (data: Data) => string> = new Map([
  ['reply', chat],
  ['view_order', order],
]);

const BY_TYPE: ReadonlyMap<string, (data: Data) => string> = new Map([
  ['chat_message', chat],
  ['chat_read', chat],
  ['order_update', order],
  ['receipt_shared', order],
]);

/** Where a click leads: paths of the page's own host, as Otsy's app has them. */
export const pathFor = ({ action, data }: NotificationClick): string => {
  const destination = BY_ACTION.get(action) ?? BY_TYPE.get(data['type'] ?? '');
  return destination?.(data) ?? HOME;
};
