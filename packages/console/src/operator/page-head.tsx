import type { ComponentChildren, JSX } from 'preact';

export const PageHead = ({ title, lead, children }: { title: string; lead?: string; children?: ComponentChildren }): JSX.Element => (
  <div class="page-head">
    <div>
      <h1>{title}</h1>
      {lead !== undefined && <p class="lead">{lead}</p>}
    </div>
    {children}
  </div>
);

export const Problem = ({ text }: { text: string | null }): JSX.Element | null =>
  text === null ? null : (
    <p class="problem" role="alert">
      {text}
    </p>
  );
