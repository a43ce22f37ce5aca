// What the page itself says, in both languages; everything else stands in the dashboards' files.

const WORDS = {
  en: {
    all: 'All', nothing: 'No data', search: 'Search', refresh: 'Refresh', never: 'off', other: 'Bahasa Indonesia',
    light: 'Light', dark: 'Dark', from: 'From', to: 'To', apply: 'Apply', chosen: 'chosen', loading: 'loading',
    preview: 'Preview of the dashboards that Grafana gets', rows: (shown, all) => `${shown} of ${all} rows are shown`,
    last: { '1h': 'Last 1 hour', '6h': 'Last 6 hours', '24h': 'Last 24 hours', '1d': 'Last 24 hours', '2d': 'Last 2 days', '7d': 'Last 7 days', '30d': 'Last 30 days' },
    ago: (text) => `${text} ago`, hence: (text) => `in ${text}`,
    spans: { second: 'a few seconds', minutes: 'minutes', hours: 'hours', days: 'days' },
  },
  id: {
    all: 'Semua', nothing: 'Tidak ada data', search: 'Cari', refresh: 'Muat ulang', never: 'mati', other: 'English',
    light: 'Terang', dark: 'Gelap', from: 'Dari', to: 'Sampai', apply: 'Terapkan', chosen: 'dipilih', loading: 'memuat',
    preview: 'Pratinjau dasbor yang diterima Grafana', rows: (shown, all) => `${shown} dari ${all} baris ditampilkan`,
    last: { '1h': '1 jam terakhir', '6h': '6 jam terakhir', '24h': '24 jam terakhir', '1d': '24 jam terakhir', '2d': '2 hari terakhir', '7d': '7 hari terakhir', '30d': '30 hari terakhir' },
    ago: (text) => `${text} yang lalu`, hence: (text) => `${text} lagi`,
    spans: { second: 'beberapa detik', minutes: 'menit', hours: 'jam', days: 'hari' },
  },
};

export const language = (uid) => (uid.endsWith('-id') ? 'id' : 'en');
export const words = (lang) => WORDS[lang];
