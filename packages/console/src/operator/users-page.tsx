import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { route } from '../shell/route.ts';
import { t } from '../text/language.ts';
import type { UserView } from './answers.ts';
import { useAsking } from './asking.ts';
import { CallRow } from './calls-page.tsx';
import { timeOf } from './format.ts';
import { KeyGate } from './key-gate.tsx';
import { PageHead, Problem } from './page-head.tsx';
import { act, inPath, read } from './server-api.ts';
import { UserField } from './user-field.tsx';

const Sessions = ({ user }: { user: UserView }): JSX.Element => (
  <section class="card">
    <h2>{t('users.sessions')}</h2>
    {user.sessions.length === 0 && <p class="quiet">{t('users.noSessions')}</p>}
    <ul class="rows">
      {user.sessions.map(({ id, deviceId, gatewayId, hears, openedAt }) => (
        <li key={id} class="row">
          <span class="row-main">
            <strong>{deviceId ?? t('users.noDevice')}</strong>
            <span class="quiet id">{gatewayId}</span>
          </span>
          <span class="row-side">
            <span class="state">{t(hears === 'chats' ? 'live.forChats' : 'live.forCalls')}</span>
            <span class="quiet">{timeOf(openedAt)}</span>
          </span>
        </li>
      ))}
    </ul>
  </section>
);

const Targets = ({ user }: { user: UserView }): JSX.Element => (
  <section class="card">
    <h2>{t('users.targets')}</h2>
    {user.targets.length === 0 && <p class="quiet">{t('users.noTargets')}</p>}
    <ul class="rows">
      {user.targets.map(({ id, provider, platform, deviceId, locale, updatedAt }) => (
        <li key={id} class="row">
          <span class="row-main">
            <strong>{`${provider} · ${platform}`}</strong>
            <span class="quiet">{[deviceId, locale].filter((part) => part !== null).join(' · ')}</span>
          </span>
          <span class="row-side quiet">{timeOf(updatedAt)}</span>
        </li>
      ))}
    </ul>
  </section>
);

/** Two presses, so that one slip of a finger sends nobody away. */
const Disconnect = ({ userId, done }: { userId: string; done(): void }): JSX.Element => {
  const isSure = useSignal(false);
  const said = useSignal<string | null>(null);
  const press = async (): Promise<void> => {
    if (!isSure.value) {
      isSure.value = true;
      return;
    }
    isSure.value = false;
    try {
      const { sessions } = await act<{ sessions: number }>(`/users/${inPath(userId)}/disconnect`);
      said.value = t('users.disconnected', { count: sessions });
    } catch (error) {
      said.value = (error as Error).message;
    }
    done();
  };
  return (
    <div class="disconnect">
      <button type="button" class="button danger" onClick={() => void press()}>
        {t(isSure.value ? 'users.sure' : 'users.disconnect')}
      </button>
      {isSure.value && (
        <button
          type="button"
          class="button"
          onClick={() => {
            isSure.value = false;
          }}
        >
          {t('users.keep')}
        </button>
      )}
      <span role="status">{said.value}</span>
    </div>
  );
};

const User = ({ userId }: { userId: string }): JSX.Element => {
  const asking = useAsking(userId, () => read<UserView>(`/users/${inPath(userId)}`));
  const user = asking.answer.value;
  if (user === null) return <Problem text={asking.problem.value} />;
  return (
    <>
      <div class="card user-head">
        <div>
          <h2>{user.userId}</h2>
          <p class={`link link-${user.online ? 'connected' : 'offline'}`}>{t(user.online ? 'users.online' : 'users.offline')}</p>
          {!user.online && user.lastSeenAt !== null && <p class="quiet">{t('users.lastSeen', { time: timeOf(user.lastSeenAt) })}</p>}
        </div>
        <Disconnect userId={userId} done={asking.again} />
      </div>
      <div class="two">
        <Sessions user={user} />
        <Targets user={user} />
      </div>
      {user.liveCalls.length > 0 && (
        <section class="card">
          <h2>{t('users.liveCalls')}</h2>
          <ul class="rows">
            {user.liveCalls.map((call) => (
              <CallRow key={call.id} call={call} />
            ))}
          </ul>
        </section>
      )}
    </>
  );
};

export const UsersPage = (): JSX.Element => {
  const [, userId] = route.value;
  const open = (event: Event): void => {
    event.preventDefault();
    const wanted = String(new FormData(event.currentTarget as HTMLFormElement).get('userId') ?? '').trim();
    if (wanted !== '') location.hash = `#/users/${encodeURIComponent(wanted)}`;
  };
  return (
    <>
      <PageHead title={t('nav.users')} lead={t('users.lead')} />
      <KeyGate>
        <form class="card filters" onSubmit={open}>
          <UserField userId={userId ?? ''} />
          <button class="button primary" type="submit">
            {t('users.show')}
          </button>
        </form>
        {userId !== undefined && <User userId={userId} key={userId} />}
      </KeyGate>
    </>
  );
};
