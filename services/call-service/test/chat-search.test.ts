import pg from 'pg';
import { expect, it } from 'vitest';
import { BETWEEN, clientOf, openChat, startChatService } from './chat-door.ts';

const SAID = [
  '東京都の天気はどうですか',
  '京都と東京に行きます',
  'スーパーでカメラを買いました',
  'ﾊﾝｶｸのコーヒー',
  'Tôi muốn uống cà phê sữa đá ở Hà Nội',
  'Đường phố rất đông',
  'The receipt has 12 items, café included',
  '北京 ok',
  '한국어 메시지입니다',
];

it('search finds words of Japanese and Vietnamese, whatever their case, width and accents', async () => {
  await using service = await startChatService();
  const chatId = await openChat(service);
  const ann = await clientOf(service, 'ann');
  for (const content of SAID) expect((await ann.post(`/v1/chat/${chatId}/messages`, { content })).status).toBe(201);
  const found = async (q: string): Promise<number[]> => {
    const { body } = await ann.get(`/v1/chat/search?q=${encodeURIComponent(q)}`);
    return body.messages.map(({ content }: { content: string }) => SAID.indexOf(content)).sort();
  };
  const expected: readonly (readonly [string, readonly number[]])[] = [
    ['東京', [0, 1]],
    ['東京都', [0]],
    ['京都', [0, 1]],
    ['天気', [0]],
    ['京', [0, 1, 7]],
    ['カメラ', [2]],
    ['ハンカク', [3]],
    ['コーヒー', [3]],
    ['cà phê', [4]],
    ['ca phe', [4]],
    ['CÀ PHÊ SỮA', [4]],
    ['Hà Nội', [4]],
    ['đường', [5]],
    ['duong pho', [5]],
    ['phê đông', []],
    ['receipt 12', [6]],
    ['rec', [6]],
    ['CAFE', [6]],
    ['eipt', []],
    ['北京 OK', [7]],
    ['메시지', [8]],
    ["'; DROP TABLE messages; --", []],
    ['a & b | !c:* <-> (d)', []],
    ['大阪', []],
  ];
  for (const [q, which] of expected) expect([q, await found(q)]).toEqual([q, which]);
});

it('search stays in the chats of who asks, in pages, the newest first', async () => {
  await using service = await startChatService();
  const [ann, sho, eve] = [await clientOf(service, 'ann'), await clientOf(service, 'sho'), await clientOf(service, 'eve')];
  const [one, two] = [await openChat(service), await openChat(service, { ...BETWEEN, order_id: 'two', shopper_id: 'eve' })];
  for (const chatId of [one, two])
    for (let index = 1; index <= 3; index += 1) await ann.post(`/v1/chat/${chatId}/messages`, { content: `apple ${index}` });
  const contents = async (client: typeof ann, query: string) => {
    const { body } = await client.get(`/v1/chat/search?${query}`);
    return [
      body.messages.map((message: { chat_id: string; content: string }) => [message.chat_id === one ? 1 : 2, message.content]),
      body.has_more,
    ];
  };
  expect(await contents(sho, 'q=apple')).toEqual([
    [
      [1, 'apple 3'],
      [1, 'apple 2'],
      [1, 'apple 1'],
    ],
    false,
  ]);
  expect(await contents(eve, 'q=apple&limit=2')).toEqual([
    [
      [2, 'apple 3'],
      [2, 'apple 2'],
    ],
    true,
  ]);
  expect(await contents(eve, 'q=apple&limit=2&page=2')).toEqual([[[2, 'apple 1']], false]);
  expect((await contents(ann, 'q=apple'))[0]).toHaveLength(6);
  expect(await contents(ann, `q=apple%202&chat_id=${one}`)).toEqual([[[1, 'apple 2']], false]);
  expect(await contents(ann, `q=apple%202&chatId=${one}`)).toEqual([[[1, 'apple 2']], false]);
  for (const name of ['chat_id', 'chatId']) {
    const error = (code: string) => ({ error: { code, field: name } });
    const foreign = await sho.get(`/v1/chat/search?q=apple&${name}=${two}`);
    expect(foreign).toMatchObject({ status: 403, body: error('unauthorized') });
    expect(await sho.get(`/v1/chat/search?q=apple&${name}=zz`)).toMatchObject({ status: 400, body: error('parse_error') });
  }
});

it('searches that take long leave connections to everybody else, and wait in a line that has an end', async () => {
  await using service = await startChatService({ DATABASE_POOL_SIZE: '3' });
  await openChat(service);
  const ann = await clientOf(service, 'ann');
  await using stack = new AsyncDisposableStack();
  const slow = stack.adopt(new pg.Client(service.database.url), (client) => client.end());
  await slow.connect();
  await slow.query('BEGIN; LOCK TABLE messages');
  const answers: number[] = [];
  const searches = Array.from({ length: 51 }, async () => answers.push((await ann.get('/v1/chat/search?q=apple')).status));
  await Promise.race(searches);
  expect((await ann.get('/api/v1/users/me/blocks')).status).toBe(200);
  expect(answers).toEqual([429]);
  await slow.query('COMMIT');
  await Promise.all(searches);
  expect(answers.filter((status) => status === 200).length).toBeGreaterThan(40);
});
