/** What the views look like, in the theme's tokens. */
import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import type { Severity } from '../control/answers';

export function look(theme: GrafanaTheme2) {
  const { colors, spacing, shape, typography } = theme;
  const small = { fontSize: typography.bodySmall.fontSize, lineHeight: '18px' };
  return {
    root: css({
      height: '100%',
      display: 'flex',
      flexDirection: 'column',
      minHeight: 0,
      fontVariantNumeric: 'tabular-nums',
    }),
    bar: css({ display: 'flex', alignItems: 'stretch', flex: 'none', paddingRight: spacing(1) }),
    barEnd: css({
      ...small,
      marginLeft: 'auto',
      display: 'flex',
      gap: spacing(1),
      alignItems: 'center',
      color: colors.text.secondary,
      whiteSpace: 'nowrap',
      // Goes on with the line under the tabs.
      borderBottom: `1px solid ${colors.border.weak}`,
    }),
    body: css({
      flex: 1,
      minHeight: 0,
      overflow: 'auto',
      padding: spacing(1),
      display: 'flex',
      flexDirection: 'column',
      gap: spacing(1),
      position: 'relative',
    }),
    card: css({
      border: `1px solid ${colors.border.weak}`,
      borderRadius: shape.radius.default,
      minWidth: 0,
      display: 'flex',
      flexDirection: 'column',
      minHeight: 0,
    }),
    grow: css({ flex: 1, minHeight: 0, minWidth: 0 }),
    head: css({
      display: 'flex',
      alignItems: 'baseline',
      gap: spacing(1),
      padding: spacing(0.75, 1.5, 0.5),
      '& h3': {
        fontSize: typography.body.fontSize,
        lineHeight: '22px',
        fontWeight: typography.fontWeightMedium,
        margin: 0,
      },
    }),
    pad: css({ padding: spacing(1, 1.5) }),
    row: css({ display: 'flex', alignItems: 'center', gap: spacing(1), minWidth: 0 }),
    wrap: css({ display: 'flex', alignItems: 'center', gap: spacing(1), flexWrap: 'wrap' }),
    column: css({ display: 'flex', flexDirection: 'column', gap: spacing(1), minWidth: 0, minHeight: 0 }),
    columns: css({ display: 'grid', gap: spacing(1), flex: 1, minHeight: 0 }),
    push: css({ marginLeft: 'auto' }),
    small: css(small),
    muted: css({ ...small, color: colors.text.secondary }),
    secondary: css({ color: colors.text.secondary }),
    warning: css({
      ...small,
      color: colors.warning.text,
      display: 'inline-flex',
      gap: spacing(0.5),
      alignItems: 'center',
    }),
    success: css({ color: colors.success.text }),
    error: css({ color: colors.error.text }),
    mono: css({ fontFamily: typography.fontFamilyMonospace, fontSize: typography.bodySmall.fontSize }),
    cut: css({ overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap', minWidth: 0 }),
    strong: css({ fontWeight: typography.fontWeightMedium }),
    right: css({ textAlign: 'right' }),
    unbroken: css({ whiteSpace: 'nowrap' }),
    // As high as what is in it: an alert would grow in a column, and a card shrink.
    whole: css({ flex: 'none' }),
    value: css({ fontSize: '18px', lineHeight: '24px', fontWeight: typography.fontWeightMedium }),
    sentence: css({ fontSize: '22px', lineHeight: '28px', fontWeight: typography.fontWeightMedium, margin: 0 }),
    // Lines between the cells in both directions, however many columns there are.
    strip: css({
      display: 'grid',
      flex: 'none',
      gap: 1,
      border: `1px solid ${colors.border.weak}`,
      borderRadius: shape.radius.default,
      overflow: 'hidden',
      background: colors.border.weak,
      backgroundClip: 'padding-box',
      '& > div': { padding: spacing(0.75, 1.5), minWidth: 0, background: colors.background.primary },
    }),
    number: css({
      display: 'inline-flex',
      alignItems: 'center',
      justifyContent: 'center',
      width: 18,
      height: 18,
      borderRadius: 9,
      border: `1px solid ${colors.border.strong}`,
      fontSize: 12,
      lineHeight: 1,
      flex: 'none',
    }),
    link: css({
      background: 'none',
      border: 0,
      padding: 0,
      color: colors.text.link,
      textAlign: 'left',
      font: 'inherit',
      cursor: 'pointer',
      '&:hover': { textDecoration: 'underline' },
    }),
    table: css({
      width: '100%',
      borderCollapse: 'collapse',
      '& th': {
        ...small,
        fontWeight: typography.fontWeightMedium,
        color: colors.text.secondary,
        textAlign: 'left',
        padding: spacing(0.75, 1),
        borderBottom: `1px solid ${colors.border.weak}`,
        whiteSpace: 'nowrap',
      },
      '& td': { padding: spacing(0.75, 1), borderBottom: `1px solid ${colors.border.weak}` },
      '& tr:last-child td': { borderBottom: 0 },
    }),
    // Less would make text too faint to read.
    dimmed: css({ filter: 'grayscale(1)' }),
    track: css({
      height: 8,
      borderRadius: 4,
      background: colors.secondary.main,
      overflow: 'hidden',
      '& > div': { height: '100%', borderRadius: 4, background: colors.primary.main },
    }),
    code: css({
      fontFamily: typography.fontFamilyMonospace,
      fontSize: 12,
      lineHeight: '18px',
      background: colors.background.canvas,
      border: `1px solid ${colors.border.weak}`,
      borderRadius: shape.radius.default,
      padding: spacing(1, 1.5),
      margin: 0,
      overflow: 'auto',
    }),
    note: css({
      ...small,
      display: 'flex',
      gap: spacing(1),
      alignItems: 'center',
      color: colors.text.secondary,
      background: colors.background.secondary,
      borderRadius: shape.radius.default,
      padding: spacing(0.75, 1.5),
    }),
    hidden: css({
      position: 'absolute',
      width: 1,
      height: 1,
      overflow: 'hidden',
      clipPath: 'inset(50%)',
      whiteSpace: 'nowrap',
    }),
    facts: css({
      display: 'grid',
      gap: spacing(1),
      borderTop: `1px solid ${colors.border.weak}`,
      borderBottom: `1px solid ${colors.border.weak}`,
      padding: spacing(1, 0),
      '& > div': { minWidth: 0, borderLeft: `1px solid ${colors.border.weak}`, paddingLeft: spacing(2) },
      '& > div:first-of-type': { borderLeft: 0, paddingLeft: 0 },
    }),
  };
}

/** Colours of marks, at least 3:1 on the panel in both themes. */
export function marks(theme: GrafanaTheme2) {
  const { visualization, text, isDark } = { ...theme, text: theme.colors.text };
  const flagged = visualization.getColorByName(isDark ? 'orange' : 'dark-orange');
  const severity: Record<Severity, string> = {
    critical: visualization.getColorByName('red'),
    high: flagged,
    medium: visualization.getColorByName('blue'),
    low: text.secondary,
  };
  return { flagged, severity, line: text.primary, quiet: text.secondary };
}
