import { COMMANDS, USAGE } from '@trunkline/cli';

const sections = (): string => [...COMMANDS.values()].map(({ name, usage }) => `## ${name}\n\n\`\`\`\n${usage}\n\`\`\`\n`).join('\n');

export const cliPage = (): string => `# The command line

Generated from \`packages/cli\` by \`pnpm docs:generate\`; a test fails when it is stale. Every command answers \`--help\`.

Run it from a checkout as \`npx pnpm@12 trunkline <command>\`, elsewhere as \`node packages/cli/src/main.ts <command>\`. It ends with 0, with 2 when what
was asked for makes no sense or a setting is wrong, and with 1 when something did not work.

\`\`\`
${USAGE}
\`\`\`

${sections()}`;
