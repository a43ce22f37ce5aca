// What the dashboards' JSON may be, by Grafana's own types: of each type of panel its options and its style of fields.

import type {
  Dashboard,
  DataQuery,
  DataTransformerConfig,
  FieldColor,
  FieldConfig,
  HideSeriesConfig,
  Panel,
  RowPanel,
  TableCellOptions,
  ThresholdsConfig,
  ValueMapping,
  VariableModel,
} from '@grafana/schema';
import type * as barchart from '@grafana/schema/dist/esm/raw/composable/barchart/panelcfg/x/BarChartPanelCfg_types.gen';
import type * as geomap from '@grafana/schema/dist/esm/raw/composable/geomap/panelcfg/x/GeomapPanelCfg_types.gen';
import type * as stat from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type * as states from '@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen';
import type * as table from '@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen';
import type * as text from '@grafana/schema/dist/esm/raw/composable/text/panelcfg/x/TextPanelCfg_types.gen';
import type * as timeseries from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

/** A type as its JSON: an enumeration is its words. */
type Json<T> = T extends string
  ? `${T}`
  : T extends number | boolean | null | undefined
    ? T
    : T extends Array<infer Item>
      ? Array<Json<Item>>
      : T extends object
        ? { [Key in keyof T]: Json<T[Key]> }
        : T;

type DataLink = { title: string; url: string; targetBlank: boolean };

/** Grafana takes anything as a property's value; these are what the panels' editors write under each id. */
type Property =
  | { id: 'displayName' | 'unit' | 'noValue'; value: string }
  | { id: 'decimals' | 'custom.width'; value: number }
  | { id: 'thresholds'; value: ThresholdsConfig }
  | { id: 'mappings'; value: ValueMapping[] }
  | { id: 'color'; value: FieldColor }
  | { id: 'links'; value: DataLink[] }
  | { id: 'custom.cellOptions'; value: TableCellOptions }
  | { id: 'custom.hideFrom'; value: HideSeriesConfig };

type Fields<Style> = {
  defaults: Omit<FieldConfig, 'custom'> & { custom?: Style };
  overrides: Array<{ matcher: { id: 'byName'; options: string }; properties: Property[] }>;
};

/** Of data sources @grafana/schema has the base only; the rest is what their plugins read. */
type Source<Type, Uid> = { type: Type; uid: Uid };
type ClickHouseQuery = DataQuery & {
  datasource: Source<'grafana-clickhouse-datasource', 'tilik-clickhouse'>;
  editorType: 'sql';
  pluginVersion: string;
  queryType: 'timeseries' | 'table';
  format: 0 | 1;
  rawSql: string;
};
type PrometheusQuery = DataQuery & {
  datasource: Source<'prometheus', 'tilik-prometheus'>;
  editorMode: 'code';
  expr: string;
  legendFormat: string;
  range: boolean;
  instant: boolean;
  format: 'time_series' | 'table';
};

type Partition = DataTransformerConfig & {
  id: 'partitionByValues';
  options: { fields: string[]; keepFields: boolean; naming: { asLabels: boolean } };
};

type Described = Required<Pick<Panel, 'id' | 'title' | 'description' | 'gridPos'>>;
type Drawn<Type, Options, Style> = Omit<Panel, 'type' | 'options' | 'fieldConfig' | 'targets' | 'transformations'> &
  Described & {
    type: Type;
    options: Options;
    fieldConfig: Fields<Style>;
    targets: Array<ClickHouseQuery | PrometheusQuery>;
    transformations?: Partition[];
  };
type Note = Omit<Panel, 'type' | 'options'> & Described & { type: 'text'; options: text.Options };

type AnyPanel =
  | RowPanel
  | Note
  | Drawn<'stat', stat.Options, Record<string, never>>
  | Drawn<'timeseries', timeseries.Options, timeseries.FieldConfig>
  | Drawn<'barchart', barchart.Options, barchart.FieldConfig>
  | Drawn<'state-timeline', states.Options, states.FieldConfig>
  | Drawn<'table', table.Options, table.FieldConfig>
  | Drawn<'geomap', geomap.Options, Record<string, never>>;

export type TilikDashboard = Json<
  Omit<Dashboard, 'panels' | 'templating'> &
    Required<Pick<Dashboard, 'uid' | 'title' | 'description' | 'tags' | 'time' | 'links'>> & {
      panels: AnyPanel[];
      templating: { list: VariableModel[] };
    }
>;
