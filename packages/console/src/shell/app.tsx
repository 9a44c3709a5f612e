import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { CallsPage } from '../operator/calls-page.tsx';
import { LivePage } from '../operator/live-page.tsx';
import { PushesPage } from '../operator/pushes-page.tsx';
import { UsersPage } from '../operator/users-page.tsx';
import { Playground } from '../playground/playground.tsx';
import { language, type TextKey, t } from '../text/language.ts';
import { Icon, type IconName } from './icon.tsx';
import { route } from './route.ts';
import { THEMES, type Theme, theme } from './theme.ts';

interface Page {
  readonly name: string;
  readonly icon: IconName;
  readonly View: () => JSX.Element;
}

const PLAYGROUND: Page = { name: 'playground', icon: 'play', View: Playground };
const PAGES: readonly Page[] = [
  PLAYGROUND,
  { name: 'live', icon: 'live', View: LivePage },
  { name: 'calls', icon: 'list', View: CallsPage },
  { name: 'pushes', icon: 'bell', View: PushesPage },
  { name: 'users', icon: 'people', View: UsersPage },
];

const Navigation = ({ current }: { current: Page }): JSX.Element => (
  <nav class="pages" aria-label={t('nav.label')}>
    {PAGES.map(({ name, icon }) => (
      <a key={name} href={`#/${name}`} aria-current={current.name === name ? 'page' : undefined}>
        <Icon name={icon} />
        <span>{t(`nav.${name}` as TextKey)}</span>
      </a>
    ))}
  </nav>
);

const Choices = (): JSX.Element => (
  <div class="choices">
    <button
      type="button"
      class="text-button"
      lang={language.value === 'en' ? 'ja' : 'en'}
      onClick={() => {
        language.value = language.value === 'en' ? 'ja' : 'en';
      }}
    >
      {t('language.other')}
    </button>
    <select
      class="small-select"
      aria-label={t('theme.label')}
      value={theme.value}
      onChange={(event) => {
        theme.value = event.currentTarget.value as Theme;
      }}
    >
      {THEMES.map((name) => (
        <option key={name} value={name}>
          {t(`theme.${name}`)}
        </option>
      ))}
    </select>
  </div>
);

const skip = (): void => document.getElementById('content')?.focus();

export const App = (): JSX.Element => {
  const page = PAGES.find(({ name }) => name === route.value[0]) ?? PLAYGROUND;
  const isPlayground = page === PLAYGROUND;
  const wasOpened = useRef(false);
  wasOpened.current ||= isPlayground;
  return (
    <>
      <button type="button" class="skip" onClick={skip}>
        {t('skip')}
      </button>
      <header class="top">
        <a class="brand" href="#/playground">
          <img src="/console/icon.svg" alt="" width="24" height="24" />
          Trunkline
        </a>
        <Navigation current={page} />
        <Choices />
      </header>
      <main id="content" tabIndex={-1}>
        {/* Taken away, its phones would leave their calls to the server: they go on, and ring, behind every other page. */}
        {wasOpened.current && (
          <div hidden={!isPlayground} inert={!isPlayground}>
            <Playground />
          </div>
        )}
        {!isPlayground && <page.View key={page.name} />}
      </main>
    </>
  );
};
