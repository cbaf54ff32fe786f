import { Button, Search, Select, SelectItem, TextInput } from '@carbon/react';
import { type ReactNode, type SyntheticEvent, useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';

import { type FILTERS, KEY_STATES, SEARCHED_BY, SORTS } from './key-search';

/** What is asked for seldom stands behind a button. */
const DAYS = ['from', 'to', 'unfetched'] as const;

type Filter = (typeof FILTERS)[number];

/** What is looked for; each change begins on the first page again. */
export function KeyFilters() {
  const { t } = useTranslation();
  const [search, setSearch] = useSearchParams();
  const set = (changes: Partial<Record<Filter, string>>): void => {
    const next = new URLSearchParams(search);
    next.delete('start');
    for (const [name, value] of Object.entries(changes)) {
      if (value === '') next.delete(name);
      else next.set(name, value);
    }
    setSearch(next);
  };
  const shared = { search, set };
  const moreId = useId();
  const [more, setMore] = useState(DAYS.some((name) => search.has(name)));
  return (
    <form
      className="k-filters"
      role="search"
      aria-label={t('keys.search')}
      onSubmit={(event) => event.preventDefault()}
    >
      <TextFilter key={search.get('text') ?? ''} {...shared} />
      <Choice {...shared} name="state" label={t('key.stateTitle')}>
        {KEY_STATES.map((state) => (
          <SelectItem key={state} value={state} text={t(`key.state.${state}`)} />
        ))}
      </Choice>
      <Choice {...shared} name="servable" label={t('key.served')}>
        <SelectItem value="true" text={t('key.isServed')} />
        <SelectItem value="false" text={t('key.notServed')} />
      </Choice>
      <Choice {...shared} name="suspended" label={t('keys.suspended')}>
        <SelectItem value="true" text={t('common.yes')} />
        <SelectItem value="false" text={t('common.no')} />
      </Choice>
      <Choice {...shared} name="sort" label={t('keys.sort')} all={t('keys.sorts.-created_at')}>
        {SORTS.slice(1).map((sort) => (
          <SelectItem key={sort} value={sort} text={t(`keys.sorts.${sort}`)} />
        ))}
      </Choice>
      {more && (
        <div className="k-filters__more" id={moreId}>
          <Day {...shared} name="from" label={t('keys.from')} />
          <Day {...shared} name="to" label={t('keys.to')} />
          <Day {...shared} name="unfetched" label={t('keys.unfetched')} />
        </div>
      )}
      <Button kind="ghost" size="md" aria-expanded={more} aria-controls={moreId} onClick={() => setMore(!more)}>
        {t(more ? 'keys.less' : 'keys.more')}
      </Button>
      <Button kind="ghost" size="md" onClick={() => setSearch({})}>
        {t('keys.clear')}
      </Button>
    </form>
  );
}

interface FilterProps {
  readonly search: URLSearchParams;
  readonly set: (changes: Partial<Record<Filter, string>>) => void;
}

function TextFilter({ search, set }: FilterProps) {
  const { t } = useTranslation();
  const id = useId();
  const by = SEARCHED_BY.find((one) => one === search.get('by')) ?? 'machine';
  const [text, setText] = useState(search.get('text') ?? '');
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    set({ text: text.trim(), by: by === 'machine' ? '' : by });
  };
  return (
    <div className="k-filters__text">
      <Select
        id={`${id}by`}
        labelText={t('keys.by')}
        value={by}
        onChange={({ target }) => set({ by: target.value === 'machine' ? '' : target.value })}
      >
        {SEARCHED_BY.map((one) => (
          <SelectItem key={one} value={one} text={t(`keys.searchedBy.${one}`)} />
        ))}
      </Select>
      <Search
        id={`${id}text`}
        size="md"
        labelText={t(`keys.searchedBy.${by}`)}
        placeholder={t(`keys.example.${by}`)}
        closeButtonLabelText={t('keys.clearText')}
        value={text}
        onChange={({ target }) => setText(target.value)}
        onClear={() => set({ text: '' })}
        onKeyDown={(event) => {
          if (event.key === 'Enter') submit(event);
        }}
      />
      <Button size="md" onClick={submit}>
        {t('keys.find')}
      </Button>
    </div>
  );
}

interface NamedProps extends FilterProps {
  readonly name: Filter;
  readonly label: string;
}

function Choice({
  search,
  set,
  name,
  label,
  all,
  children,
}: NamedProps & { readonly all?: string; readonly children: ReactNode }) {
  const { t } = useTranslation();
  return (
    <Select
      id={useId()}
      labelText={label}
      value={search.get(name) ?? ''}
      onChange={({ target }) => set({ [name]: target.value })}
    >
      <SelectItem value="" text={all ?? t('keys.any')} />
      {children}
    </Select>
  );
}

function Day({ search, set, name, label }: NamedProps) {
  return (
    <TextInput
      id={useId()}
      type="date"
      labelText={label}
      value={search.get(name) ?? ''}
      onChange={({ target }) => set({ [name]: target.value })}
    />
  );
}
