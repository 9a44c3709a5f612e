import { useSignal } from '@preact/signals';
import type { ChatMessage } from '@trunkline/client';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Phone } from '../phone/phone.ts';
import { Icon } from '../shell/icon.tsx';
import { t } from '../text/language.ts';
import type { Chat } from './chat.ts';

const timeOf = (iso: string): string => new Date(iso).toTimeString().slice(0, 5);

const Message = ({ message, isOwn }: { message: ChatMessage; isOwn: boolean }): JSX.Element =>
  message.type === 'system' ? (
    <li class="message-note">{message.content}</li>
  ) : (
    <li class={`message ${isOwn ? 'own' : ''}`}>
      <p>{message.content}</p>
      <span class="message-time numbers">
        {timeOf(message.created_at)}
        {isOwn && message.read_at !== null && ` · ${t('chat.read')}`}
      </span>
    </li>
  );

const Messages = ({ chat, userId }: { chat: Chat; userId: string }): JSX.Element => {
  const end = useRef<HTMLLIElement>(null);
  const { value: messages } = chat.messages;
  const typing = chat.isPeerTyping.value;
  useEffect(() => end.current?.scrollIntoView({ block: 'nearest' }), [messages.length, typing]);
  return (
    <ol class="messages" aria-live="polite" aria-label={t('chat.label')}>
      {messages.map((message) => (
        <Message key={message.id} message={message} isOwn={message.sender_id === userId} />
      ))}
      {typing && <li class="message typing">{t('chat.typing', { name: chat.peerId.value ?? '' })}</li>}
      <li ref={end} aria-hidden="true" />
    </ol>
  );
};

const Composer = ({ chat }: { chat: Chat }): JSX.Element => {
  const text = useSignal('');
  const submit = (event: Event): void => {
    event.preventDefault();
    void chat.send(text.value);
    text.value = '';
  };
  return (
    <form class="composer" onSubmit={submit}>
      <input
        aria-label={t('chat.write')}
        placeholder={t('chat.write')}
        value={text.value}
        autocomplete="off"
        maxLength={2000}
        onInput={(event) => {
          text.value = event.currentTarget.value;
          chat.type();
        }}
      />
      <button class="icon-button send" type="submit" aria-label={t('chat.send')} title={t('chat.send')}>
        <Icon name="send" />
      </button>
    </form>
  );
};

/** The chat of a phone, with one of its contacts at a time. */
export const ChatPanel = ({ phone }: { phone: Phone }): JSX.Element => {
  const { chat, settings } = phone;
  const { contacts, userId } = settings;
  const peerId = chat.peerId.value;
  const first = phone.call.value?.peerId ?? contacts[0];
  useEffect(() => {
    if (chat.peerId.value === null && first !== undefined) void chat.open(first);
    chat.show(true);
    return () => chat.show(false);
  }, [chat, first]);
  const known = [...new Set([...contacts, ...(peerId === null ? [] : [peerId])])];
  return (
    <section class="chat-panel">
      {known.length > 1 && (
        <ul class="contacts">
          {known.map((contact) => (
            <li key={contact}>
              <button type="button" class="chip" aria-pressed={contact === peerId} onClick={() => void chat.open(contact)}>
                {contact}
              </button>
            </li>
          ))}
        </ul>
      )}
      {chat.problem.value !== null && <p class="refusal">{chat.problem.value}</p>}
      {chat.messages.value.length === 0 && <p class="quiet chat-empty">{t('chat.empty')}</p>}
      <Messages chat={chat} userId={userId} />
      <Composer chat={chat} />
    </section>
  );
};
