import { type MantineColorScheme, useMantineColorScheme } from '@mantine/core';
import { Icon, type IconName } from '../parts/icon.tsx';
import styles from './shell.module.css';

const schemes: readonly { readonly scheme: MantineColorScheme; readonly label: string; readonly icon: IconName }[] = [
  { scheme: 'light', label: 'Light theme', icon: 'sun' },
  { scheme: 'auto', label: 'Theme of the system', icon: 'screen' },
  { scheme: 'dark', label: 'Dark theme', icon: 'moon' },
];

export function ThemeSwitch() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <fieldset className={styles['themes']}>
      <legend className={styles['srOnly']}>Theme</legend>
      {schemes.map(({ scheme, label, icon }) => (
        <button
          key={scheme}
          type="button"
          aria-label={label}
          title={label}
          aria-pressed={colorScheme === scheme}
          onClick={() => setColorScheme(scheme)}
        >
          <Icon name={icon} />
        </button>
      ))}
    </fieldset>
  );
}
