import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { ChatPanel } from '../chat/chat-panel.tsx';
import { Icon } from '../shell/icon.tsx';
import { type TextKey, t } from '../text/language.ts';
import { goOffline, goOnline, isOnline } from '../wires/network.ts';
import { Avatar } from './avatar.tsx';
import type { CallOnScreen } from './call-on-screen.ts';
import { CallScreen, endingText } from './call-screen.tsx';
import { IdleScreen } from './idle-screen.tsx';
import { LogPanel } from './log-panel.tsx';
import type { Phone } from './phone.ts';
import { DIALECT_NAMES } from './phone-settings.ts';
import { Voice } from './talk-screen.tsx';

const TABS = ['call', 'chat', 'log'] as const;
type Tab = (typeof TABS)[number];

const PANELS: Readonly<Record<Exclude<Tab, 'call'>, (props: { phone: Phone }) => JSX.Element>> = {
  chat: ChatPanel,
  log: LogPanel,
};

const switchNetwork = (phone: Phone): void => {
  if (isOnline.value) return goOffline();
  goOnline();
  phone.wire.reconnectNow();
};

const Header = ({ phone, kill }: { phone: Phone; kill(): void }): JSX.Element => {
  const { name, deviceId, dialect, gateway } = phone.settings;
  const link = isOnline.value ? phone.link.value : 'offline';
  return (
    <header class="phone-header">
      <Avatar name={name} />
      <div class="phone-who">
        <h1>
          {name} <span class="quiet">{deviceId}</span>
        </h1>
        <span class="quiet">{`${DIALECT_NAMES[dialect]} · ${t('phone.gateway')} ${gateway + 1}`}</span>
        <span class={`link link-${link}`} role="status">
          {link === 'offline' ? t('phone.noNetwork') : t(`phone.link.${link}`)}
        </span>
      </div>
      <div class="phone-switches">
        <button
          type="button"
          class="icon-button"
          aria-pressed={!isOnline.value}
          title={t(isOnline.value ? 'phone.offline' : 'phone.online')}
          aria-label={t(isOnline.value ? 'phone.offline' : 'phone.online')}
          onClick={() => switchNetwork(phone)}
        >
          <Icon name={isOnline.value ? 'wifi' : 'plane'} />
        </button>
        <button type="button" class="icon-button" title={t('phone.kill')} aria-label={t('phone.kill')} onClick={kill}>
          <Icon name="power" />
        </button>
      </div>
    </header>
  );
};

/** Where the button that had the focus went with its screen, the next screen gets it: it is not lost to the top of the page. */
const useFocusOnStage = (stage: string | undefined) => {
  const screen = useRef<HTMLElement>(null);
  useEffect(() => {
    if (document.activeElement === document.body && document.hasFocus()) screen.current?.focus();
  }, [stage]);
  return screen;
};

/** What a person who does not look must be told at once. */
const spokenOf = (call: CallOnScreen | null): string => {
  if (call?.stage === 'incoming') return t(`call.incoming.${call.callType}`, { name: call.peerName });
  if (call?.stage === 'active') return t('call.talking', { name: call.peerName });
  return call?.stage === 'over' ? endingText(call) : '';
};

const Tabs = ({ tab, unread, show }: { tab: Tab; unread: number; show(tab: Tab): void }): JSX.Element => (
  <nav class="phone-tabs" aria-label={t('phone.tabs')}>
    {TABS.map((name) => (
      <button key={name} type="button" aria-current={tab === name ? 'page' : undefined} onClick={() => show(name)}>
        {t(`phone.tab.${name}` as TextKey)}
        {name === 'chat' && unread > 0 && <span class="badge">{unread}</span>}
      </button>
    ))}
  </nav>
);

/** A phone that is on. */
export const PhoneApp = ({ phone, kill }: { phone: Phone; kill(): void }): JSX.Element => {
  const tab = useSignal<Tab>('call');
  const call = phone.call.value;
  const screen = useFocusOnStage(call?.stage);
  const shown = call?.stage === 'incoming' ? 'call' : tab.value;
  const Panel = shown === 'call' ? null : PANELS[shown];
  return (
    <div class="phone" data-stage={call?.stage ?? 'idle'} data-call={call?.id}>
      <Header phone={phone} kill={kill} />
      <p class="spoken" role="alert">
        {spokenOf(call)}
      </p>
      {phone.media.value !== null && <Voice phone={phone} media={phone.media.value} />}
      <main class="phone-screen" ref={screen} tabIndex={-1}>
        {phone.refusal.value !== null && (
          <p class="refusal" role="status">
            {phone.refusal.value.message}
          </p>
        )}
        {Panel !== null && <Panel phone={phone} />}
        {Panel === null && (call === null ? <IdleScreen phone={phone} /> : <CallScreen phone={phone} call={call} />)}
      </main>
      <Tabs
        tab={shown}
        unread={phone.chat.unread.value}
        show={(name) => {
          tab.value = name;
        }}
      />
    </div>
  );
};
